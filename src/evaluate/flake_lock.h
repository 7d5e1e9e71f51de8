#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "evaluate/flake_reference.h"

namespace grange {

/// A node of a lock file: the flake itself, or something that it uses.
struct FlakeNode {
  /// By input name: the key of another node, or what to follow from the flake itself.
  std::map<std::string, std::variant<std::string, std::vector<std::string>>> inputs;
  std::optional<FlakeReference> source;  ///< nothing: the flake itself
  std::optional<Hash> nar_hash;          ///< of what is fetched
  std::uint64_t last_modified = 0;       ///< seconds since 1970
  bool is_flake = true;                  ///< else only its files are used
};

/// flake.lock (versions 5 to 7): all that a flake uses, each at one revision or content.
struct FlakeLock {
  std::string root;  ///< the flake's own key
  std::map<std::string, FlakeNode> nodes;

  /// Of a flake that has none, because it uses nothing.
  static FlakeLock empty();
};

inline constexpr std::size_t kLargestFlakeLock = std::size_t{8} << 20;

/// Throws InvalidError.
FlakeLock parse_flake_lock(std::string_view text);

}  // namespace grange
