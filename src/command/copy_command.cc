#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/command.h"
#include "command/copy_progress.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/named_store.h"
#include "command/state_directory.h"
#include "farm/build_outputs.h"
#include "farm/realised_outputs.h"
#include "store/binary_cache.h"
#include "store/building_store.h"
#include "store/copy.h"

namespace grange {
namespace {

struct CopyCommandOptions {
  std::vector<std::string> what;
  std::string from;
  std::string to;
  std::string eval_store;
  std::vector<std::string> trusted_keys;
  unsigned jobs = 0;
  bool derivation = false;
  bool all = false;
  bool no_check_sigs = false;
  bool json = false;
};

constexpr const char* kCopyFooter = R"(
WHAT is a store path, or DRV^OUT,… (DRV^* for all): outputs of a derivation in the eval store, where
they were realised. Of those whose path depends on their content the realisations are copied too,
with all that they depend on; the destination needs no .drv for that.
STORE is a directory (the root of a local store), file:///DIRECTORY?compression=zstd (a binary
cache; also secret-key=FILE, compression-level=N, write-nar-listing=true, parallel-compression=true),
the same at http://HOST or https://HOST (also netrc-file=FILE, bearer-token-file=FILE) and
at s3://BUCKET?region=…&endpoint=…&profile=… (keys from the environment or ~/.aws, as for other programs).
daemon or unix:///SOCKET (what a Nix daemon serves), ssh-ng://[USER@]HOST or ssh://[USER@]HOST (also
remote-program=COMMAND, remote-store=STORE, ssh-key=FILE, compress=true, max-connections=N).
A local store takes only what is content-addressed or signed by a --trusted-public-key, a daemon what
its own settings allow.

Examples:
  grange copy --to 'file:///srv/cache?compression=zstd&secret-key=/etc/cache.key' ./result
  grange copy --from file:///srv/cache --to /mnt/root --trusted-public-key "$KEY" /nix/store/…
  grange copy --to file:///srv/cache /nix/store/…-hello.drv^out

Exit codes:
  0 copied, or there already · 64 usage · 65 malformed · 66 not there · 75 try again
  77 not signed by a trusted key · 130 interrupted: the same command goes on where it was)";

/// What is to be copied: paths, and realisations with theirs.
struct Wanted {
  std::set<StorePath> paths;
  std::set<DrvOutput> realisations;
};

/// The outputs that were asked for, by what the eval store says of their derivations.
void add_outputs(const CopyCommandOptions& options, Store& from,
                 const std::vector<WantedOutputs>& outputs, Wanted& wanted) {
  if (outputs.empty()) return;
  const auto root = options.eval_store.empty() ? default_eval_store_root()
                                               : std::filesystem::path(options.eval_store);
  const auto location = StoreLocation::at_root(std::filesystem::absolute(root), from.store_dir());
  std::vector<StorePath> roots;
  for (const auto& asked : outputs) roots.push_back(asked.derivation);
  const auto graph =
      DerivationGraph::load(from.store_dir(), roots, directory_reader(location.real_store));
  std::vector<DerivationIndex> by_content;
  for (const auto& asked : outputs) {
    const auto shown = from.store_dir().print(asked.derivation);
    const auto index = graph.find(asked.derivation);
    if (!index || graph.state(*index) != DerivationGraph::State::verified) {
      throw NotFoundError("derivation '" + shown + "' is not whole in the eval store at '" +
                          location.real_store.string() + "'");
    }
    const auto known = graph.output_names(*index);
    for (const auto& name : asked.outputs.empty() ? known : asked.outputs) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        throw NotFoundError("derivation '" + shown + "' has no output '" + name + "'");
      }
      if (auto path = graph.output_path(*index, name)) {
        wanted.paths.insert(std::move(*path));
      } else if (const auto hash = graph.drv_output_hash(*index)) {
        wanted.realisations.insert({*hash, name});
        by_content.push_back(*index);
      } else {
        throw NotFoundError("output '" + name + "' of '" + shown + "' is made anew each time");
      }
    }
  }
  if (by_content.empty()) return;
  wanted.realisations.merge(
      known_realisations(graph, by_content, directory_reader(location.real_store), from));
}

Wanted what_is_wanted(const CopyCommandOptions& options, Store& from) {
  Wanted wanted;
  std::vector<WantedOutputs> outputs;
  for (const auto& text : options.what) {
    if (text.find_first_of("^!") == text.npos) {
      wanted.paths.insert(parse_path_of_store(from, text));
      continue;
    }
    auto asked = WantedOutputs::parse(text);
    if (options.derivation) {
      wanted.paths.insert(asked.derivation);
    } else {
      outputs.push_back(std::move(asked));
    }
  }
  add_outputs(options, from, outputs, wanted);
  if (options.all) {
    std::vector<StorePath> all;
    if (auto* cache = dynamic_cast<BinaryCache*>(&from)) all = cache->all_paths();
    if (auto* local = dynamic_cast<LocalStore*>(&from)) all = local->all_valid_paths();
    if (auto* remote = dynamic_cast<BuildingStore*>(&from)) {
      const auto there = remote->all_paths();
      all.assign(there.begin(), there.end());
    }
    wanted.paths.insert(all.begin(), all.end());
  }
  return wanted;
}

CopyOptions copy_options(const CopyCommandOptions& options, const Store& to) {
  CopyOptions copy;
  copy.jobs = options.jobs;
  if (dynamic_cast<const LocalStore*>(&to) == nullptr) return copy;
  auto& trust = copy.trust.emplace();
  trust.required = !options.no_check_sigs;
  for (const auto& key : options.trusted_keys) trust.keys.add(PublicKey::parse(key));
  return copy;
}

int run_copy(const CopyCommandOptions& options) {
  if (options.what.empty() && !options.all) {
    throw InvalidError("name what is to be copied, or --all");
  }
  const InterruptWatch interrupt;
  const SystemClock clock;
  StoreOpening opening;
  opening.skip_signatures = options.no_check_sigs;
  opening.remote.stop = interrupt.token();
  const auto from = open_named_store(options.from, false, opening);
  const auto to = open_named_store(options.to, true, opening);
  const auto wanted = what_is_wanted(options, *from);
  const auto copy = copy_options(options, *to);
  CopyProgress progress(clock, ProgressStyle::of_stderr(), from->store_dir());
  const auto begin = clock.monotonic();
  auto result = copy_closure(*from, *to, wanted.paths, copy, progress, interrupt.token());
  if (!wanted.realisations.empty()) {
    auto realised =
        copy_realised(*from, *to, wanted.realisations, copy, progress, interrupt.token());
    result.paths += realised.paths;
    result.bytes += realised.bytes;
    result.realisations = realised.realisations;
    result.conflicts = std::move(realised.conflicts);
  }
  progress.close();
  const auto seconds = Seconds(clock.monotonic() - begin).count();
  for (const auto& conflict : result.conflicts) {
    std::fprintf(stderr, "grange: warning: two builds differ: '%s' stays, and '%s' is not used\n",
                 to->store_dir().print(conflict.kept).c_str(),
                 to->store_dir().print(conflict.refused).c_str());
  }
  if (options.json) {
    const nlohmann::ordered_json json = {{"paths", result.paths},
                                         {"bytes", result.bytes},
                                         {"realisations", result.realisations},
                                         {"conflicts", result.conflicts.size()},
                                         {"seconds", seconds}};
    grange::print_result(json.dump(2) + "\n");
  } else {
    grange::print_result(fmt::format(
        "copied {} ({}){} to {} in {}\n", plural(result.paths, "path"), format_bytes(result.bytes),
        result.realisations > 0 ? " and " + plural(result.realisations, "realisation") : "",
        printable(to->describe()), format_duration(seconds)));
  }
  return kExitGood;
}

}  // namespace

void add_copy_command(CLI::App& parent, Action& chosen) {
  auto* command =
      parent.add_subcommand("copy", "Copy closures and realisations from one store to another");
  const auto options = std::make_shared<CopyCommandOptions>();
  command->add_option("what", options->what, "Store paths, and outputs of derivations")
      ->type_name("PATH|DRV^OUT,…");
  command->add_option("--from", options->from, "Source (default: in the state directory)")
      ->type_name("STORE");
  command->add_option("--to", options->to, "Destination (default: in the state directory)")
      ->type_name("STORE");
  command
      ->add_option("--eval-store", options->eval_store,
                   "Root of the eval store (default: in the state directory)")
      ->type_name("ROOT");
  command->add_flag("--derivation", options->derivation,
                    "Copy the derivations themselves, not their outputs");
  command->add_flag("--all", options->all, "Everything that the source has");
  command
      ->add_option("-j,--jobs", options->jobs,
                   "NARs on their way at once (default: one per processor, more over a network)")
      ->type_name("N");
  command
      ->add_option("--trusted-public-key", options->trusted_keys,
                   "A key that a local destination believes; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME:BASE64");
  command->add_flag("--no-check-sigs", options->no_check_sigs,
                    "The destination believes everything from there (a daemon, if it trusts you)");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(kCopyFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_copy(*options); }; });
}

}  // namespace grange
