#include "evaluate/flake_lock.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

using LockJson = nlohmann::json;

constexpr std::size_t kMostFlakeNodes = 1000;
constexpr std::size_t kMostFlakeInputs = 1000;
constexpr std::size_t kLongestFollows = 64;

const LockJson& lock_field(const LockJson& object, const char* name) {
  static const LockJson kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

[[noreturn]] void refuse_lock(const std::string& problem) {
  throw InvalidError("flake.lock: " + problem);
}

void check_input_name(const std::string& name) {
  if (!is_input_name(name)) refuse_lock("'" + printable(name.substr(0, 200)) + "' is no name");
}

std::vector<std::string> read_follows(const LockJson& path) {
  std::vector<std::string> names;
  if (path.size() > kLongestFollows) refuse_lock("an input follows too many others");
  for (const auto& name : path) {
    if (!name.is_string()) refuse_lock("an input follows something that is no name");
    names.push_back(name.get<std::string>());
    check_input_name(names.back());
  }
  return names;
}

FlakeNode read_node(const std::string& key, const LockJson& json, bool is_root) {
  if (!json.is_object()) refuse_lock("node '" + key + "' is no object");
  FlakeNode node;
  const auto& inputs = lock_field(json, "inputs");
  if (inputs.size() > kMostFlakeInputs) refuse_lock("node '" + key + "' has too many inputs");
  if (inputs.is_object()) {
    for (const auto& [name, to] : inputs.items()) {
      check_input_name(name);
      if (to.is_string()) {
        node.inputs.emplace(name, to.get<std::string>());
      } else if (to.is_array()) {
        node.inputs.emplace(name, read_follows(to));
      } else {
        refuse_lock("input '" + name + "' of node '" + key + "' leads nowhere");
      }
    }
  }
  const auto& flake = lock_field(json, "flake");
  node.is_flake = !flake.is_boolean() || flake.get<bool>();
  if (is_root) return node;
  const auto& locked = lock_field(json, "locked");
  node.source = locked_flake_reference(key, locked);
  if (const auto& hash = lock_field(locked, "narHash"); hash.is_string()) {
    node.nar_hash = Hash::parse(hash.get<std::string>());
  } else {
    refuse_lock("node '" + key + "' has no narHash");
  }
  if (const auto& time = lock_field(locked, "lastModified"); time.is_number_unsigned()) {
    node.last_modified = time.get<std::uint64_t>();
  }
  return node;
}

}  // namespace

FlakeLock FlakeLock::empty() {
  return {"root", {{"root", FlakeNode()}}};
}

FlakeLock parse_flake_lock(std::string_view text) {
  if (text.size() > kLargestFlakeLock) refuse_lock("it is too large");
  const auto json = LockJson::parse(text, nullptr, false);
  if (!json.is_object()) refuse_lock("it is no JSON object");
  const auto& version = lock_field(json, "version");
  if (!version.is_number_integer() || version.get<std::int64_t>() < 5 ||
      version.get<std::int64_t>() > 7) {
    refuse_lock("specified are versions 5 to 7, got " + printable(version.dump().substr(0, 100)));
  }
  const auto& root = lock_field(json, "root");
  const auto& nodes = lock_field(json, "nodes");
  if (!root.is_string() || !nodes.is_object()) refuse_lock("it has no root or no nodes");
  if (nodes.size() > kMostFlakeNodes) {
    refuse_lock("at most " + std::to_string(kMostFlakeNodes) + " nodes, got " +
                std::to_string(nodes.size()));
  }
  FlakeLock lock;
  lock.root = root.get<std::string>();
  check_input_name(lock.root);
  for (const auto& [key, node] : nodes.items()) {
    check_input_name(key);
    lock.nodes.emplace(key, read_node(key, node, key == lock.root));
  }
  if (!lock.nodes.contains(lock.root)) refuse_lock("its root is missing");
  for (const auto& [key, node] : lock.nodes) {
    for (const auto& [name, to] : node.inputs) {
      const auto* direct = std::get_if<std::string>(&to);
      if (direct != nullptr && !lock.nodes.contains(*direct)) {
        refuse_lock("input '" + name + "' of node '" + key + "' leads nowhere");
      }
    }
  }
  return lock;
}

}  // namespace grange
