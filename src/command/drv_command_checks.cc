#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command/drv_command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/state_directory.h"
#include "derivation/derivation_graph.h"
#include "record/record.h"

namespace grange {
namespace {

using nlohmann::ordered_json;

struct DrvChecksOptions {
  DrvFileOptions files;
  bool json = false;
};

constexpr const char* kDrvChecksFooter = R"(
What the record says of making again what these derivations promise: by `build --check`,
`ci --check`, `ci --check-sources` and --repeat, whichever recipe was made, the newest first.
A line per time, and below it one per output that differed, with the hashes of both NARs.

Examples:
  grange drv checks $GRANGE_STATE_DIRECTORY/eval/nix/store/…-hello.drv
  grange drv checks --json *.drv | jq '.[] | select(.outcome == "not deterministic").drvPath'

Exit codes:
  0 printed · 64 usage · 65 a file, or one below it, is missing or malformed · 66 no such file)";

std::string time_text(TimePoint time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time_t{to_unix(time)}));
}

ordered_json to_json(const StoreDir& store, const AttemptRecord& check) {
  ordered_json json = {
      {"drvPath", store.print(check.recipe)}, {"outputSet", check.output_set->to_string()},
      {"time", time_text(check.result.stop)}, {"policy", check.policy},
      {"check", check.result.check},          {"outcome", to_string(check.result.outcome)},
      {"outputs", ordered_json::object()}};
  for (const auto& [name, hashes] : check.result.compared) {
    json["outputs"][name] = {{"equal", hashes.equal()},
                             {"specified", hashes.first.to_string(HashFormat::sri)},
                             {"got", hashes.again.to_string(HashFormat::sri)}};
  }
  if (!check.result.message.empty()) json["message"] = check.result.message;
  return json;
}

std::string to_text(const StoreDir& store, const AttemptRecord& check) {
  std::string text =
      fmt::format("{} {}: {} ({})\n", time_text(check.result.stop), store.print(check.recipe),
                  check.result.good() ? "the same" : to_string(check.result.outcome),
                  on_one_line(check.policy));
  for (const auto& [name, hashes] : check.result.compared) {
    if (hashes.equal()) continue;
    text +=
        fmt::format("  {}: specified {}, got {}\n", name, hashes.first.to_string(HashFormat::sri),
                    hashes.again.to_string(HashFormat::sri));
  }
  return text;
}

int run_drv_checks(const DrvChecksOptions& options) {
  const auto record = Record::open(default_record_file(default_state_directory()));
  bool good = true;
  std::string text;
  auto array = ordered_json::array();
  for (const auto& group : group_drv_files(options.files, false)) {
    std::vector<StorePath> roots;
    for (const auto& name : group.names) roots.push_back(StorePath::parse(name));
    const auto graph =
        DerivationGraph::load(group.store, roots, group.files->reader(), {.check_own_paths = true});
    for (const auto& root : roots) {
      const auto index = graph.find(root).value();
      if (graph.state(index) != DerivationGraph::State::verified) {
        good = false;
        std::fprintf(stderr, "grange: error: %s: it, or one below it, is missing or malformed\n",
                     on_one_line(group.shown(root.base_name())).c_str());
        continue;
      }
      const auto output_set = graph.output_set(index);
      if (!output_set) continue;
      for (const auto& check : record->checks(*output_set)) {
        array.push_back(to_json(group.store, check));
        text += to_text(group.store, check);
      }
    }
  }
  print_result(options.json
                   ? array.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"
                   : text);
  return good ? kExitGood : kExitData;
}

}  // namespace

void add_drv_checks_command(CLI::App& parent, Action& chosen) {
  auto* command =
      parent.add_subcommand("checks", "Print what making them again gave, each time it was done");
  auto options = std::make_shared<DrvChecksOptions>();
  command->add_option("drv", options->files.files, ".drv files")->required()->type_name("DRV");
  command->add_flag("--json", options->json, "Print a JSON array of objects");
  add_store_dir_option(*command, options->files);
  command->footer(kDrvChecksFooter);
  command->callback(
      [&chosen, options] { chosen = [options] { return run_drv_checks(*options); }; });
}

}  // namespace grange
