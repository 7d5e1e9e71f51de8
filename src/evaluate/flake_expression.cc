#include "evaluate/flake_expression.h"

#include <ctime>

#include <nlohmann/json.hpp>

#include "evaluate/input_arguments.h"

namespace grange {
namespace {

// How Nix calls a flake: each `outputs` gets its inputs and itself, which is what it gives together
// with what is known of its files.
constexpr std::string_view kCallFlake = R"nix(
  keyOf = to: if builtins.isList to then follow lock.root to else to;
  follow = key: path:
    if path == [ ] then key
    else follow (keyOf lock.nodes.${key}.inputs.${builtins.head path}) (builtins.tail path);

  called = builtins.mapAttrs
    (key: node:
      let
        source = sources.${key};
        flake = import (source.outPath + "/" + node.file);
        inputs = builtins.mapAttrs (name: to: called.${keyOf to}) node.inputs;
        unlocked = builtins.filter (name: !node.inputs ? ${name})
          (builtins.attrNames (flake.inputs or { }));
        outputs =
          if unlocked != [ ] then
            throw "input '${builtins.head unlocked}' of the flake is not in its flake.lock; run `nix flake lock` and commit it"
          else flake.outputs (inputs // { self = result; });
        result = outputs // source // {
          inherit inputs outputs;
          sourceInfo = source;
          _type = "flake";
        };
      in
        if node.flake then result else source)
    lock.nodes;

  walked = value:
    if builtins.isAttrs value && value.type or null != "derivation" then
      builtins.mapAttrs (name: walked) value // { recurseForDerivations = true; }
    else value;

  flake = called.${lock.root};
in
  walked (flake.hydraJobs or flake.checks or flake.packages or
    (throw "the flake has neither hydraJobs nor checks nor packages"))
)nix";

/// As Nix writes the time of a flake's files.
std::string date_digits(std::uint64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char text[32] = "19700101000000";
  if (::gmtime_r(&time, &parts) != nullptr && parts.tm_year < 8100) {
    std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts);
  }
  return text;
}

std::string source_set(const FetchedInput& input, std::uint64_t last_modified,
                       const StoreDir& store_dir) {
  std::string set = "(removeAttrs " + nix_input_set(input, store_dir) +
                    " [ \"inputType\" \"uri\" \"gitTag\" ]) // { lastModified = " +
                    std::to_string(last_modified) + "; lastModifiedDate = \"" +
                    date_digits(last_modified) + "\";";
  if (input.nar_hash) {
    set += " narHash = " + nix_string(input.nar_hash->to_string(HashFormat::sri)) + ";";
  }
  return set + " }";
}

nlohmann::json lock_of(const FetchedFlake& flake) {
  nlohmann::json json;
  json["root"] = flake.lock.root;
  for (const auto& [key, node] : flake.lock.nodes) {
    auto& to = json["nodes"][key];
    const auto& directory = node.source ? node.source->directory : flake.directory;
    to["file"] = directory.empty() ? "flake.nix" : directory + "/flake.nix";
    to["flake"] = node.is_flake;
    to["inputs"] = nlohmann::json::object();
    for (const auto& input : node.inputs) {
      auto& value = to["inputs"][input.first];
      std::visit([&value](const auto& leads) { value = leads; }, input.second);
    }
  }
  return json;
}

}  // namespace

std::string flake_expression(const FetchedInputs& inputs) {
  const auto& flake = inputs.flake.value();
  std::string text =
      "let\n  lock = builtins.fromJSON " + nix_string(lock_of(flake).dump()) + ";\n  sources = {\n";
  for (const auto& input : inputs.inputs) {
    const auto& node = flake.lock.nodes.at(input.name);
    const auto modified = node.source ? node.last_modified : input.last_modified;
    text += "    " + nix_string(input.name) + " = " +
            source_set(input, modified, inputs.store->store_dir()) + ";\n";
  }
  return text.append("  };\n").append(kCallFlake);
}

}  // namespace grange
