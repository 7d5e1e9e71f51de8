#include "command/store_care_command.h"

#include <cstdio>
#include <filesystem>
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
#include "command/store_path_argument.h"
#include "store/garbage_collection.h"
#include "store/optimise.h"

namespace grange {
namespace {

using nlohmann::json;

struct StoreCareOptions {
  StorePlaceOptions place;
  std::vector<std::string> paths;
  std::string name;
  std::string why;
  bool flat = false;
  bool json = false;
};

constexpr const char* kAddFooter = R"(
Copies files or directories into the store, content-addressed as 'nix-store --add' does, and prints
their paths. Nothing keeps them from the next collection but what refers to them, or a root.

Examples:
  grange store add ./src
  grange store add --flat --name source.tar.gz ./download

Exit codes:
  0 added · 64 usage · 65 not a file or directory · 66 there is none · 77 not our store)";

constexpr const char* kDeleteFooter = R"(
Deletes these paths and no others, if nothing else needs any of them; otherwise nothing is deleted.

Examples:
  grange store delete /nix/store/…-hello

Exit codes:
  0 deleted · 1 something could not be removed · 64 usage · 66 not there · 75 something needs one)";

constexpr const char* kRootsFooter = R"(
Lists what keeps paths from being collected: links, running processes, builds. A line per root:
where it is, the path that it keeps, and how many paths and bytes are kept because of it.

--why PATH prints the shortest way from a root to PATH instead: the root, then each path that keeps
the next.

Examples:
  grange store roots
  grange store roots --why /nix/store/…-hello

Exit codes:
  0 printed · 1 nothing keeps PATH · 64 usage · 66 PATH is not valid, or no store)";

constexpr const char* kOptimiseFooter = R"(
Lets equal files of the store share their space by hard links, as 'nix-store --optimise' does. Safe
while builds run; may be interrupted and started again.

Exit codes:
  0 done · 1 something could not be linked · 64 usage · 66 no store · 130 interrupted)";

std::unique_ptr<LocalStore> open_store(const StoreCareOptions& options, bool read_only,
                                       bool must_exist = true) {
  LocalStoreOptions opening;
  opening.read_only = read_only;
  const auto location = options.place.location();
  if (must_exist && !std::filesystem::exists(location.state / "db/schema")) {
    throw NotFoundError("there is no store at '" + location.real_store.string() + "'");
  }
  return LocalStore::open(location, opening);
}

int run_add(const StoreCareOptions& options) {
  const auto store = open_store(options, false, false);
  for (const auto& argument : options.paths) {
    const auto source = std::filesystem::absolute(argument).lexically_normal();
    auto name = options.name;
    if (name.empty()) {
      name = (source.has_filename() ? source : source.parent_path()).filename().string();
    }
    const ContentMethodAlgorithm method{
        options.flat ? ContentMethod::flat : ContentMethod::recursive, HashAlgorithm::sha256};
    const auto path = store->add_tree(source, name, method);
    std::printf("%s\n", store->store_dir().print(path).c_str());
  }
  return kExitGood;
}

int run_delete(const StoreCareOptions& options) {
  const InterruptWatch interrupt;
  const auto store = open_store(options, false);
  std::set<StorePath> paths;
  for (const auto& argument : options.paths) {
    paths.insert(parse_store_path_argument(store->location(), argument));
  }
  const auto result = delete_paths(*store, paths, {}, interrupt.token());
  for (const auto& problem : result.problems) {
    std::fprintf(stderr, "grange: %s\n", printable(problem).c_str());
  }
  std::printf("%s deleted, %s freed\n", plural(result.paths, "path").c_str(),
              format_bytes(result.bytes_freed).c_str());
  return result.problems.empty() ? kExitGood : kExitFailed;
}

int run_why(const StoreCareOptions& options, LocalStore& store) {
  const StorePath path = parse_store_path_argument(store.location(), options.why);
  const auto answer = why_kept(store, path, {});
  if (options.json) {
    json object = {{"root", nullptr}, {"way", json::array()}};
    if (!answer.way.empty()) object["root"] = answer.origin;
    for (const auto& step : answer.way) object["way"].push_back(store.store_dir().print(step));
    std::printf("%s\n", object.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  } else if (answer.way.empty()) {
    std::printf("nothing keeps %s\n", store.store_dir().print(path).c_str());
  } else {
    std::printf("%s\n", printable(answer.origin).c_str());
    for (const auto& step : answer.way) {
      std::printf("  %s\n", store.store_dir().print(step).c_str());
    }
  }
  return answer.way.empty() ? kExitFailed : kExitGood;
}

int run_roots(const StoreCareOptions& options) {
  const auto store = open_store(options, true);
  if (!options.why.empty()) return run_why(options, *store);
  const auto reports = report_roots(*store, {});
  auto array = json::array();
  for (const auto& report : reports) {
    const auto path = store->store_dir().print(report.root.path);
    if (options.json) {
      array.push_back({{"root", report.root.origin},
                       {"path", path},
                       {"paths", report.paths},
                       {"bytes", report.bytes}});
    } else {
      std::printf("%s -> %s (%s, %s)\n", printable(report.root.origin).c_str(), path.c_str(),
                  plural(report.paths, "path").c_str(), format_bytes(report.bytes).c_str());
    }
  }
  if (options.json) {
    std::printf("%s\n", array.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  }
  return kExitGood;
}

int run_optimise(const StoreCareOptions& options) {
  const InterruptWatch interrupt;
  const auto store = open_store(options, false);
  const auto result = optimise_store(*store, interrupt.token());
  for (const auto& problem : result.problems) {
    std::fprintf(stderr, "grange: %s\n", printable(problem).c_str());
  }
  std::printf("%s looked at, %s replaced by links, %s freed\n",
              plural(result.files, "file").c_str(), format_count(result.linked).c_str(),
              format_bytes(result.bytes_freed).c_str());
  return result.problems.empty() ? kExitGood : kExitFailed;
}

using Run = int (*)(const StoreCareOptions&);

void finish(CLI::App& command, const std::shared_ptr<StoreCareOptions>& options, Run run,
            const char* footer, Action& chosen) {
  add_store_place_options(command, options->place);
  command.footer(footer);
  command.callback([options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
}

}  // namespace

void add_store_care_commands(CLI::App& store, Action& chosen) {
  const auto options = std::make_shared<StoreCareOptions>();

  auto* add = store.add_subcommand("add", "Copy files or directories into the store");
  add->add_option("PATH", options->paths, "Files or directories")->required();
  add->add_option("--name", options->name, "Name in the store (default: the file's own)");
  add->add_flag("--flat", options->flat, "Address a file by its bytes, not as an archive");
  finish(*add, options, run_add, kAddFooter, chosen);

  auto* remove = store.add_subcommand("delete", "Delete paths that nothing needs");
  remove->add_option("PATH", options->paths, "Store paths")->required();
  finish(*remove, options, run_delete, kDeleteFooter, chosen);

  auto* roots = store.add_subcommand("roots", "What keeps paths from being collected");
  roots->add_option("--why", options->why, "Say what keeps this path")->type_name("PATH");
  roots->add_flag("--json", options->json, "Print JSON");
  finish(*roots, options, run_roots, kRootsFooter, chosen);

  auto* optimise = store.add_subcommand("optimise", "Let equal files share their space");
  finish(*optimise, options, run_optimise, kOptimiseFooter, chosen);
}

}  // namespace grange
