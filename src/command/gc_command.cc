#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "command/care_options.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/state_directory.h"
#include "farm/eval_store_care.h"
#include "store/garbage_collection.h"
#include "store/profile_generations.h"
#include "store/root_sets.h"

namespace grange {
namespace {

struct GcCommandOptions {
  StorePlaceOptions place;
  bool dry_run = false;
  std::string max_freed;
  std::string older_than;
  bool keep_derivations = true;
  bool keep_outputs = false;
  bool sync = false;
  bool fast_metadata = false;
  bool json = false;
};

constexpr const char* kGcFooter = R"(
Deletes what nothing keeps from the destination store. Kept is what these need: links in the store's
gcroots and profiles (./result links, and the targets that 'grange ci' last made well), running
builds of grange and nix, and running programs. Builds go on meanwhile.

--older-than removes old generations of profiles first, all but the current one and the one that was
current then, and what selections keep that 'grange ci' has not run for so long.

--eval-store collects where evaluations are kept. Kept there is what the last complete run of each
selection needs, so that the next run can be compared with it. It waits for no run: while one uses
the eval store, it is refused (exit 75).

With --dry-run it prints what would go, a path per line, and changes nothing.

Examples:
  grange gc
  grange gc --dry-run
  grange gc --max-freed 20G
  grange gc --older-than 30d --eval-store

Exit codes:
  0 done · 1 something could not be removed · 64 usage · 66 no store · 75 in use · 130 interrupted)";

nlohmann::json to_json(const CollectionResult& result) {
  return {{"paths", result.paths},
          {"bytesFreed", result.bytes_freed},
          {"linksRemoved", result.links_removed},
          {"problems", result.problems}};
}

void print_result(const GcCommandOptions& options, const StoreDir& store,
                  const CollectionResult& result) {
  if (options.json) {
    auto object = to_json(result);
    if (options.dry_run) {
      object["names"] = nlohmann::json::array();
      for (const auto& name : result.names) object["names"].push_back(store.str() + "/" + name);
    }
    std::printf("%s\n",
                object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  for (const auto& name : result.names) {
    std::printf("%s/%s\n", store.str().c_str(), printable(name).c_str());
  }
  for (const auto& problem : result.problems) {
    std::fprintf(stderr, "grange: %s\n", printable(problem).c_str());
  }
  std::fprintf(options.dry_run ? stderr : stdout, "%s %s, %s %s\n",
               plural(result.paths, "path").c_str(), options.dry_run ? "would go" : "deleted",
               format_bytes(result.bytes_freed).c_str(), options.dry_run ? "at most" : "freed");
}

/// What is no longer a root, because it was not used for so long.
void forget_old_roots(const GcCommandOptions& options, const StoreLocation& location,
                      TimePoint before) {
  const auto generations = remove_old_generations(location, before, options.dry_run);
  const auto sets = remove_old_root_sets(location, before, options.dry_run);
  if (generations.empty() && sets == 0) return;
  std::fprintf(stderr, "grange: %s %s of profiles, results of %s\n",
               options.dry_run ? "to forget:" : "forgotten:",
               plural(generations.size(), "generation").c_str(), plural(sets, "selection").c_str());
}

int run_gc(const GcCommandOptions& options) {
  const InterruptWatch interrupt;
  const StoreLocation location = options.place.location();
  LocalStoreOptions opening;
  opening.read_only = options.dry_run;
  opening.fast_metadata = options.fast_metadata;
  if (!std::filesystem::exists(location.state / "db/schema")) {
    throw NotFoundError("there is no store at '" + location.real_store.string() + "'");
  }
  CollectionOptions collection;
  collection.dry_run = options.dry_run;
  collection.keep_derivations = options.keep_derivations;
  collection.keep_outputs = options.keep_outputs;
  collection.sync = options.sync;
  collection.fast_metadata = options.fast_metadata;
  if (!options.max_freed.empty()) collection.max_freed = parse_byte_count(options.max_freed);
  std::optional<TimePoint> before;
  if (!options.older_than.empty()) before = SystemClock().now() - parse_age(options.older_than);

  const auto store = LocalStore::open(location, opening);
  FileDescriptor eval_store_lock;
  if (options.place.eval_store) {
    if (!options.dry_run) eval_store_lock = lock_eval_store_alone(location);
    collection.further_roots =
        evaluations_to_keep(default_record_file(default_state_directory()), before);
  }
  if (before) forget_old_roots(options, location, *before);
  const auto result = collect_garbage(*store, collection, interrupt.token());
  print_result(options, location.store_dir, result);
  if (result.stopped) return kExitCancelled;
  return result.problems.empty() ? kExitGood : kExitFailed;
}

}  // namespace

void add_gc_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("gc", "Delete what nothing needs any more from a store");
  const auto options = std::make_shared<GcCommandOptions>();
  command->add_flag("--dry-run", options->dry_run, "Say what would go; change nothing");
  command
      ->add_option("--max-freed", options->max_freed,
                   "Stop when so many bytes are free (20G, 500M)")
      ->type_name("N");
  command
      ->add_option("--older-than", options->older_than,
                   "Forget older profile generations and results of selections (30d, 2w, 12h)")
      ->type_name("T");
  command->add_flag("--keep-derivations,!--no-keep-derivations", options->keep_derivations,
                    "Keep the derivations of outputs that are kept (the default)");
  command->add_flag("--keep-outputs", options->keep_outputs,
                    "Keep the outputs of derivations that are kept");
  add_store_place_options(*command, options->place);
  command->add_flag("--eval-store", options->place.eval_store,
                    "Collect the eval store instead (at --store, or in the state directory)");
  command->add_flag("--sync", options->sync,
                    "Sync the store's database before files are removed: a power cut then leaves "
                    "no path registered whose files are gone");
  command->add_flag("--fast-metadata", options->fast_metadata,
                    "Leave syncing the store's database to the system, as nix does with "
                    "fsync-metadata = false: a power cut may damage it");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(kGcFooter);
  command->callback([&chosen, options] { chosen = [options] { return run_gc(*options); }; });
}

}  // namespace grange
