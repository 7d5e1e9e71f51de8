#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace grange {

/// A unit (a word or a line) of two texts: of both, of the first only, of the second only.
struct UnitChange {
  enum class Kind : std::uint8_t { kept, removed, added };
  Kind kind = Kind::kept;
  std::string_view unit;
  friend bool operator==(const UnitChange&, const UnitChange&) = default;
};

/// How one sequence becomes another, in order, by their longest common sequence; what is removed
/// stands before what is added in its place. What lies between a common beginning and a common end
/// is told whole where both are very long and very different. Views of what is given.
std::vector<UnitChange> unit_changes(const std::vector<std::string_view>& base,
                                     const std::vector<std::string_view>& head);

}  // namespace grange
