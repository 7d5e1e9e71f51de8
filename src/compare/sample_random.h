#pragma once

#include <cstddef>
#include <random>

namespace grange {

// For tests that try random package sets.

using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}
inline bool chance(Random& random, unsigned percent) {
  return below(random, 100) < percent;
}

}  // namespace grange
