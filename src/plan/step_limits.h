#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace grange {

/// How long and how loud an attempt may be. Where several wants meet, limits are joined: the
/// longest time and the best priority win; 0 means no limit.
struct StepLimits {
  Seconds timeout{0};
  Seconds max_silent{0};
  std::uint64_t max_log_bytes = 0;
  int priority = 0;                 ///< higher first
  bool keep_failed = false;         ///< leave what a failed attempt left behind, if anybody asks
  std::optional<unsigned> cores{};  ///< NIX_BUILD_CORES, 0: all; nothing: the builder's own
  StepLimits joined(const StepLimits& other) const;
  friend bool operator==(const StepLimits&, const StepLimits&) = default;
};

}  // namespace grange
