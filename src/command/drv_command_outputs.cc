#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "build/output_maps.h"
#include "command/drv_command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/state_directory.h"
#include "derivation/derivation_graph.h"
#include "store/local_store.h"

namespace grange {
namespace {

using nlohmann::ordered_json;

struct DrvOutputsOptions {
  DrvFileOptions files;
  std::string store;
  bool json = false;
};

constexpr const char* kDrvOutputsFooter = R"(
Where the outputs of derivations are: a line per output with its name, "valid", "missing" or
"unknown", and its path. Unknown is where an output will be whose path depends on its content,
until a realisation is registered in the store.

Examples:
  grange drv outputs $GRANGE_STATE_DIRECTORY/eval/nix/store/…-hello.drv
  grange drv outputs --store / /nix/store/…-hello.drv

Exit codes:
  0 printed · 64 usage · 65 a file, or one below it, is missing or malformed · 66 no such file)";

const char* state_of(const std::optional<StorePath>& path, const std::set<StorePath>& valid) {
  if (!path) return "unknown";
  return valid.contains(*path) ? "valid" : "missing";
}

int run_drv_outputs(const DrvOutputsOptions& options) {
  bool good = true;
  std::string text;
  auto array = ordered_json::array();
  for (const auto& group : group_drv_files(options.files, false)) {
    const auto root = options.store.empty() ? default_store_root(default_state_directory())
                                            : std::filesystem::path(options.store);
    const auto store =
        LocalStore::open(StoreLocation::at_root(root, group.store), {.read_only = true});
    std::vector<StorePath> roots;
    for (const auto& name : group.names) roots.push_back(StorePath::parse(name));
    const auto graph =
        DerivationGraph::load(group.store, roots, group.files->reader(), {.check_own_paths = true});
    const auto maps = output_maps(graph, roots, *store);
    std::set<StorePath> paths;
    for (const auto& map : maps) {
      for (const auto& [name, path] : map) {
        if (path) paths.insert(*path);
      }
    }
    const auto valid = store->valid_among(paths);
    for (std::size_t i = 0; i < roots.size(); ++i) {
      if (maps[i].empty()) {
        good = false;
        std::fprintf(stderr, "grange: error: %s: it, or one below it, is missing or malformed\n",
                     on_one_line(group.shown(roots[i].base_name())).c_str());
        continue;
      }
      ordered_json json = {{"drvPath", group.store.print(roots[i])},
                           {"outputs", ordered_json::object()}};
      if (roots.size() > 1) text += group.store.print(roots[i]) + "\n";
      for (const auto& [name, path] : maps[i]) {
        const auto shown = path ? group.store.print(*path) : std::string();
        text += fmt::format("{} {}{}{}\n", name, state_of(path, valid), path ? " " : "", shown);
        json["outputs"][name] = {{"state", state_of(path, valid)}};
        if (path) json["outputs"][name]["path"] = shown;
      }
      array.push_back(std::move(json));
    }
  }
  print_result(options.json
                   ? array.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"
                   : text);
  return good ? kExitGood : kExitData;
}

}  // namespace

void add_drv_outputs_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("outputs", "Print where their outputs are");
  auto options = std::make_shared<DrvOutputsOptions>();
  command->add_option("drv", options->files.files, ".drv files")->required()->type_name("DRV");
  command
      ->add_option("--store", options->store,
                   "Root of the store that is asked (default: in the state directory)")
      ->type_name("ROOT");
  command->add_flag("--json", options->json, "Print a JSON array of objects");
  add_store_dir_option(*command, options->files);
  command->footer(kDrvOutputsFooter);
  command->callback(
      [&chosen, options] { chosen = [options] { return run_drv_outputs(*options); }; });
}

}  // namespace grange
