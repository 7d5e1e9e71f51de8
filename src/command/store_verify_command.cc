#include "command/store_verify_command.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/care_options.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/progress.h"
#include "command/state_directory.h"
#include "command/workshop_options.h"
#include "farm/repair_paths.h"
#include "store/local_store.h"
#include "store/repair.h"

namespace grange {
namespace {

using nlohmann::json;

struct StoreVerifyOptions {
  StorePlaceOptions place;
  WorkshopOptions workshop;
  bool check_contents = false;
  bool repair = false;
  bool json = false;
};

constexpr const char* kVerifyFooter = R"(
Looks whether the files of every valid path are there and, with --check-contents, whether they still
are what was registered. Prints a line 'PATH: what is wrong' per problem, and last
'N paths, M problems'. Changes nothing without --repair.

With --repair, what is damaged or gone is replaced, each path in one step: by what a substituter has,
if that is signed by a trusted key and is what was registered; or else by making its deriver's output
again, if that gives what was registered. Damaged entries of .links are removed (--check-contents).

Examples:
  grange store verify
  grange store verify --check-contents --store /srv/store
  grange store verify --check-contents --repair --substituter https://cache.example.org
    --trusted-public-key cache.example.org-1:…

Exit codes:
  0 no problem is left · 1 problems · 64 usage · 66 no store · 130 interrupted)";

struct StoreVerification {
  std::size_t paths = 0;
  std::vector<StoreProblem> problems;
  std::map<StorePath, RepairedPath> repairs;  ///< empty unless asked for
  std::vector<std::string> removed_links;

  std::size_t repaired() const {
    std::size_t count = 0;
    for (const auto& [path, repair] : repairs) count += repair.by != RepairedBy::nothing ? 1 : 0;
    return count;
  }
};

/// The root of the store that has a path's deriver: this store itself, or the eval store.
std::filesystem::path eval_root_for(LocalStore& store, const StorePath& path,
                                    const std::filesystem::path& store_root,
                                    const std::filesystem::path& eval_root) {
  const auto info = store.path_info(path);
  if (!info || !info->deriver) return store_root;
  const auto has = [&](const std::filesystem::path& root) {
    const auto location = StoreLocation::at_root(root, store.store_dir());
    return std::filesystem::exists(location.state / "db/schema") &&
           std::filesystem::exists(location.real_store / info->deriver->base_name());
  };
  return !has(store_root) && has(eval_root) ? eval_root : store_root;
}

void repair_problems(const StoreVerifyOptions& options, StoreVerification& found, LocalStore& store,
                     const std::stop_token& stop) {
  const SystemClock clock;
  auto config = workshop_config(options.workshop);
  config.store_root = options.place.store.empty() ? default_store_root()
                                                  : std::filesystem::absolute(options.place.store);
  config.store_dir = store.store_dir();
  std::map<std::filesystem::path, std::vector<StorePath>> groups;  // by eval store
  for (const auto& [path, problem] : found.problems) {
    groups[eval_root_for(store, path, config.store_root, config.eval_store_root)].push_back(path);
  }
  const auto state = default_state_directory();
  grange::create_directories(state);
  const auto record = Record::open(default_record_file(state));
  Progress progress(clock, ProgressStyle::of_stderr());
  for (const auto& [eval_root, paths] : groups) {
    config.eval_store_root = eval_root;
    Workshop workshop(config, clock);
    const RepairMeans means{
        workshop, options.workshop.job_count(), options.workshop.limits(), *record, clock,
        progress};
    for (auto& repaired : repair_paths(paths, means, stop)) {
      const auto path = repaired.path;
      found.repairs.emplace(path, std::move(repaired));
    }
  }
  progress.close();
}

const char* name_of(RepairedBy by) {
  switch (by) {
    case RepairedBy::fetching:
      return "fetched";
    case RepairedBy::building:
      return "built";
    case RepairedBy::nothing:
      break;
  }
  return "";
}

json to_json(const StoreVerification& found, const StoreDir& store_dir, bool repaired) {
  auto problems = json::array();
  for (const auto& [path, problem] : found.problems) {
    json object = {{"path", store_dir.print(path)}, {"problem", problem}};
    if (const auto repair = found.repairs.find(path); repair != found.repairs.end()) {
      const auto& [of, by, message] = repair->second;
      object["repaired"] = by == RepairedBy::nothing ? json() : json(name_of(by));
      if (!message.empty()) object["message"] = message;
    }
    problems.push_back(std::move(object));
  }
  json object = {{"paths", found.paths}, {"problems", std::move(problems)}};
  if (repaired) object["removedLinks"] = found.removed_links;
  return object;
}

void print_text(const StoreVerification& found, const StoreDir& store_dir, bool repaired) {
  for (const auto& [path, problem] : found.problems) {
    std::string line = store_dir.print(path) + ": " + problem;
    if (const auto repair = found.repairs.find(path); repair != found.repairs.end()) {
      const auto& [of, by, message] = repair->second;
      line += by == RepairedBy::nothing ? "; not repaired" : std::string("; ") + name_of(by);
      if (by != RepairedBy::nothing) {
        line += " again";
      } else if (!message.empty()) {
        line += ": " + message.substr(0, message.find('\n'));
      }
    }
    std::printf("%s\n", printable(line).c_str());
  }
  std::printf("%s, %s", plural(found.paths, "path").c_str(),
              plural(found.problems.size(), "problem").c_str());
  if (repaired) {
    std::printf(", %zu repaired", found.repaired());
    if (!found.removed_links.empty()) {
      std::printf(", %s removed", plural(found.removed_links.size(), "damaged link").c_str());
    }
  }
  std::printf("\n");
}

int run_store_verify(const StoreVerifyOptions& options) {
  const InterruptWatch interrupt;
  LocalStoreOptions opening;
  opening.read_only = true;
  const auto store = LocalStore::open(options.place.location(), opening);
  StoreVerification found;
  found.problems = store->verify(options.check_contents, interrupt.token());
  found.paths = store->all_valid_paths().size();
  if (options.repair) {
    if (!found.problems.empty()) repair_problems(options, found, *store, interrupt.token());
    if (options.check_contents) {
      found.removed_links = remove_damaged_links(store->location(), interrupt.token());
    }
  }
  if (options.json) {
    const auto object = to_json(found, store->store_dir(), options.repair);
    std::printf("%s\n", object.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    print_text(found, store->store_dir(), options.repair);
  }
  return found.problems.size() == found.repaired() ? kExitGood : kExitFailed;
}

}  // namespace

void add_store_verify_command(CLI::App& store, Action& chosen) {
  const auto options = std::make_shared<StoreVerifyOptions>();
  auto* verify = store.add_subcommand("verify", "Check that the store is what it says");
  verify->add_flag("--check-contents", options->check_contents, "Hash every file");
  auto* repair = verify->add_flag("--repair", options->repair, "Replace what is damaged, or gone");
  verify
      ->add_option("--substituter", options->workshop.substituters,
                   "A store that replacements are fetched from: URL or directory; may be repeated")
      ->allow_extra_args(false)
      ->needs(repair)
      ->type_name("STORE");
  verify
      ->add_option("--trusted-public-key", options->workshop.trusted_keys,
                   "Whose signatures count on what is fetched; may be repeated")
      ->allow_extra_args(false)
      ->needs(repair)
      ->type_name("NAME:BASE64");
  verify
      ->add_option("--eval-store", options->workshop.eval_store,
                   "Root of the store that has derivers which this one lacks (default: in the "
                   "state directory)")
      ->needs(repair)
      ->type_name("ROOT");
  verify
      ->add_option("--jobs,-j", options->workshop.jobs,
                   "Attempts at once (default: one per processor)")
      ->needs(repair)
      ->type_name("N");
  verify
      ->add_option("--sandbox-path", options->workshop.sandbox_paths,
                   "Host path to show in sandboxes: TARGET or TARGET=SOURCE (repeatable)")
      ->allow_extra_args(false)
      ->needs(repair)
      ->type_name("P");
  verify->add_flag("--no-sandbox", options->workshop.no_sandbox, "Make steps without a sandbox")
      ->needs(repair);
  verify->add_flag("--json", options->json, "Print JSON");
  add_store_place_options(*verify, options->place);
  verify->footer(kVerifyFooter);
  verify->callback(
      [options, &chosen] { chosen = [options] { return run_store_verify(*options); }; });
}

}  // namespace grange
