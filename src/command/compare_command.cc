#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "command/cause_svg.h"
#include "command/command.h"
#include "command/compare_report.h"
#include "command/derivation_directory.h"
#include "command/exit_code.h"
#include "command/explained_comparison.h"
#include "command/state_directory.h"
#include "command/terminal_output.h"
#include "compare/compare.h"
#include "compare/explanation_text.h"
#include "derivation/target_map_file.h"
#include "farm/source_files.h"
#include "farm/source_reader.h"
#include "store/local_store.h"

namespace grange {
namespace {

struct CompareCommandOptions {
  std::string base;
  std::string head;
  std::string derivations;
  std::string eval_store;
  std::string store_dir;
  std::string store;
  bool causes = false;
  std::string svg;
  bool json = false;
};

constexpr const char* kCompareFooter = R"(
BASE and HEAD are files of target maps, as `grange ci --map` writes them; maps of TVL's form and
compressed ones (.zst) are read too. Where a .drv file is missing, a target counts as changed
(unverified).

Examples:
  grange compare main.json pull-request.json
  grange compare --causes main.json pull-request.json
  grange compare --drvs drvs/ base.map.json.zst head.map.json.zst
  grange compare --json main.json new.json | jq -r '.targets[]|select(.verdict=="changed").label'

Exit codes:
  0 compared, whatever the verdicts · 64 usage · 65 a malformed or truncated map
  66 no such file · 70 internal · 75 try again)";

/// The store directory that the maps are of; `specified` may only confirm it.
StoreDir store_dir_of(const TargetMap& base, const TargetMap& head, const std::string& specified) {
  const TargetMap& map = base.targets.empty() ? head : base;
  if (specified.empty()) return map.store_dir;
  auto store = StoreDir::parse(specified);
  if (!map.targets.empty() && map.store_dir != store) {
    throw InvalidError("the target maps are of another store: specified '" + store.str() +
                       "', got '" + map.store_dir.str() + "'");
  }
  return store;
}

/// Where .drv files are read. Only a place that was asked for by name has to be there.
DerivationReader reader_of(const CompareCommandOptions& options, const StoreDir& store) {
  if (!options.derivations.empty()) return DerivationDirectory(options.derivations).reader();
  const std::filesystem::path root = options.eval_store.empty()
                                         ? default_eval_store_root()
                                         : std::filesystem::path(options.eval_store);
  const auto directory = root / std::filesystem::path(store.str()).relative_path();
  if (options.eval_store.empty() && !std::filesystem::exists(directory)) {
    return [](const StorePath&, std::string&) { return false; };
  }
  return DerivationDirectory(directory).reader();
}

/// Where sources may be: beside the .drv files.
std::filesystem::path sources_of(const CompareCommandOptions& options, const StoreDir& store) {
  if (!options.derivations.empty()) return options.derivations;
  const std::filesystem::path root = options.eval_store.empty()
                                         ? default_eval_store_root()
                                         : std::filesystem::path(options.eval_store);
  return root / std::filesystem::path(store.str()).relative_path();
}

/// The store that may hold outputs. Only one that was asked for by name has to be there.
std::unique_ptr<LocalStore> open_store(const CompareCommandOptions& options,
                                       const StoreDir& store_dir) {
  std::filesystem::path root = options.store;
  if (root.empty()) {
    try {
      root = default_store_root();
    } catch (const NotFoundError&) {
      return nullptr;  // not even a home
    }
  }
  const auto location = StoreLocation::at_root(std::filesystem::absolute(root), store_dir);
  if (options.store.empty() && !std::filesystem::exists(location.state / "db")) return nullptr;
  LocalStoreOptions reading;
  reading.read_only = true;
  return LocalStore::open(location, reading);
}

/// A map without metadata says nothing of itself; one that says that it is incomplete is believed.
void warn_of_incomplete(const std::string& file, const TargetMap& map) {
  if (map.complete || !std::filesystem::exists(target_map_metadata_path(file))) return;
  std::fprintf(stderr, "grange: warning: the evaluation of '%s' is incomplete\n",
               printable(file).c_str());
}

int print_comparison(const CompareCommandOptions& options, const CompareReport& report) {
  if (options.json) {
    print_answer(compare_report_json(report), {});
  } else {
    print_answer(compare_report_text(report), OutputStyle::of_stdout());
  }
  return kExitGood;
}

int run_compare_command(const CompareCommandOptions& options) {
  const auto base = read_target_map_file(options.base);
  const auto head = read_target_map_file(options.head);
  warn_of_incomplete(options.base, base);
  warn_of_incomplete(options.head, head);
  const auto store = store_dir_of(base, head, options.store_dir);
  const auto read = reader_of(options, store);
  if (!options.causes && options.svg.empty()) {
    const auto graph = DerivationGraph::load(store, derivations_to_compare(base, head), read);
    const auto comparison = compare_targets(base, head, graph, read);
    return print_comparison(options, {base, head, store, comparison, nullptr});
  }
  const auto sources = sources_of(options, store);
  const auto outputs = open_store(options, store);
  auto explained = explain_maps(base, head, store, read, source_reader(sources), outputs.get());
  find_source_files(explained.explanation, sources, {}, {});
  if (!options.svg.empty()) {
    write_file(options.svg,
               cause_svg(explained, head,
                         change_headline(explained.comparison, explained.explanation, store)));
  }
  return print_comparison(options,
                          {base, head, store, explained.comparison, &explained.explanation});
}

}  // namespace

void add_compare_command(CLI::App& parent, Action& chosen) {
  auto* command =
      parent.add_subcommand("compare", "Tell what really differs between two target maps");
  auto options = std::make_shared<CompareCommandOptions>();
  command->add_option("base", options->base, "The target map to compare with")
      ->required()
      ->type_name("BASE");
  command->add_option("head", options->head, "The target map to look at")
      ->required()
      ->type_name("HEAD");
  auto* derivations =
      command->add_option("--drvs", options->derivations, "Directory that holds the .drv files")
          ->type_name("DIR");
  command
      ->add_option("--eval-store", options->eval_store,
                   "Root of the eval store (default: in the state directory)")
      ->type_name("ROOT")
      ->excludes(derivations);
  command
      ->add_option("--store-dir", options->store_dir,
                   "Logical store directory (default: what the maps say)")
      ->type_name("DIR");
  command
      ->add_option("--store", options->store,
                   "Root of a store that may hold outputs of both, for --causes: what need not be "
                   "built, and closure sizes (default: in the state directory)")
      ->type_name("ROOT");
  command->add_flag("--causes", options->causes,
                    "Also tell why: which derivations' own fields differ, and what each touches");
  command
      ->add_option("--svg", options->svg,
                   "Also draw causes, what they touch and targets into this file")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(kCompareFooter);
  command->callback(
      [&chosen, options] { chosen = [options] { return run_compare_command(*options); }; });
}

}  // namespace grange
