#pragma once

#include <compare>
#include <cstdint>

namespace grange {

/// On whose behalf something is wanted, and how urgently among what it asks for.
struct Requester {
  std::uint32_t requester = 0;  ///< a jobset's number
  std::int64_t bump = 0;        ///< 0: not bumped; larger goes first
  int priority = 0;             ///< within the jobset; higher first
  friend auto operator<=>(const Requester&, const Requester&) = default;
};

}  // namespace grange
