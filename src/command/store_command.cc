#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "command/care_options.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/store_care_command.h"
#include "command/store_path_argument.h"
#include "command/store_verify_command.h"
#include "store/local_store.h"

namespace grange {
namespace {

using nlohmann::json;

struct StoreCommandOptions {
  std::vector<std::string> paths;
  StorePlaceOptions place;
  bool json = false;
};

constexpr const char* kInfoFooter = R"(
PATH is a store path, anything inside one, a link into the store, or a base name.
--json prints an array of objects with the keys that `nix path-info --json` has.

Examples:
  grange store info ./result
  grange store info --json /nix/store/…-hello | jq '.[].narSize'

Exit codes:
  0 all valid · 1 a path is not valid · 64 usage · 65 no store path · 66 no store · 70 internal)";

constexpr const char* kLogFooter = R"(
Prints the log of a derivation, or of the derivation that made a path.

Examples:
  grange store log /nix/store/…-hello.drv
  grange store log ./result

Exit codes:
  0 printed · 64 usage · 65 broken log · 66 there is no log, or no store)";

std::unique_ptr<LocalStore> open_store(const StoreCommandOptions& options) {
  LocalStoreOptions reading;
  reading.read_only = true;
  return LocalStore::open(options.place.location(), reading);
}

std::string to_text(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

json to_json(const StoreDir& store, const PathInfo& info) {
  json object = {{"path", store.print(info.path)},
                 {"valid", true},
                 {"narHash", info.nar_hash.to_string(HashFormat::sri)},
                 {"narSize", info.nar_size},
                 {"references", json::array()},
                 {"registrationTime", info.registration_time}};
  for (const auto& reference : info.references) {
    object["references"].push_back(store.print(reference));
  }
  if (info.deriver) object["deriver"] = store.print(*info.deriver);
  if (info.ultimate) object["ultimate"] = true;
  if (!info.signatures.empty()) object["signatures"] = info.signatures;
  if (info.content_address) object["ca"] = info.content_address->to_string();
  return object;
}

void print_info(const StoreDir& store, const PathInfo& info) {
  std::string text = store.print(info.path) + "\n";
  text += "  NAR hash:    " + info.nar_hash.to_string(HashFormat::sri) + "\n";
  text += "  NAR size:    " + std::to_string(info.nar_size) + "\n";
  if (info.deriver) text += "  deriver:     " + store.print(*info.deriver) + "\n";
  if (info.content_address) text += "  address:     " + info.content_address->to_string() + "\n";
  text += std::string("  built here:  ") + (info.ultimate ? "yes" : "no") + "\n";
  for (const auto& signature : info.signatures) text += "  signature:   " + signature + "\n";
  for (const auto& reference : info.references) {
    text += "  refers to:   " + store.print(reference) + "\n";
  }
  std::fputs(printable(text).c_str(), stdout);
}

int run_info(const StoreCommandOptions& options) {
  const auto store = open_store(options);
  int code = kExitGood;
  auto array = json::array();
  for (const auto& argument : options.paths) {
    const StorePath path = parse_store_path_argument(store->location(), argument);
    const auto info = store->path_info(path);
    const std::string shown = store->store_dir().print(path);
    if (!info) {
      code = kExitFailed;
      array.push_back({{"path", shown}, {"valid", false}});
      if (!options.json) std::fprintf(stderr, "grange: path '%s' is not valid\n", shown.c_str());
    } else if (options.json) {
      array.push_back(to_json(store->store_dir(), *info));
    } else {
      print_info(store->store_dir(), *info);
    }
  }
  if (options.json) std::printf("%s\n", to_text(array).c_str());
  return code;
}

int run_log(const StoreCommandOptions& options) {
  const auto store = open_store(options);
  const StorePath path = parse_store_path_argument(store->location(), options.paths.front());
  const std::string shown = store->store_dir().print(path);
  auto derivation = path;
  if (!path.is_derivation()) {
    const auto info = store->path_info(path);
    if (!info) throw NotFoundError("path '" + shown + "' is not valid");
    if (!info->deriver) {
      throw NotFoundError("the store does not know what derivation made '" + shown + "'");
    }
    derivation = *info->deriver;
  }
  const auto log = store->read_log(derivation);
  if (!log) {
    throw NotFoundError("there is no log of '" + store->store_dir().print(derivation) + "'");
  }
  std::fflush(stdout);
  FdSink(fileno(stdout)).write(*log);
  return kExitGood;
}

}  // namespace

void add_store_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("store", "Look at a local store, and care for it");
  command->require_subcommand(1);
  command->footer(R"(
Examples:
  grange store info ./result
  grange store verify --check-contents
  grange store log ./result
  grange store roots --why ./result)");
  add_store_care_commands(*command, chosen);
  add_store_verify_command(*command, chosen);
  const auto options = std::make_shared<StoreCommandOptions>();

  auto* info = command->add_subcommand("info", "What the store knows of paths");
  info->add_option("PATH", options->paths, "Store paths")->required();
  info->add_flag("--json", options->json, "Print JSON");
  add_store_place_options(*info, options->place);
  info->footer(kInfoFooter);
  info->callback([options, &chosen] { chosen = [options] { return run_info(*options); }; });

  auto* log = command->add_subcommand("log", "Print the build log of a derivation or path");
  log->add_option("DRV|PATH", options->paths, "Store path")->required()->expected(1);
  add_store_place_options(*log, options->place);
  log->footer(kLogFooter);
  log->callback([options, &chosen] { chosen = [options] { return run_log(*options); }; });
}

}  // namespace grange
