#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace grange {

/// A span of time on an axis that is 1000 wide.
struct AxisBar {
  double begin = 0;
  double width = 0;
};

/// Where spans of time are on an axis from the first beginning to the last end.
class StepAxis {
 public:
  struct Span {
    TimePoint begin;
    TimePoint end;
  };
  struct Tick {
    double at = 0;
    std::string text;  ///< how long after the beginning: "30 s"
  };

  explicit StepAxis(const std::vector<Span>& spans);

  /// At least so wide that it can be seen.
  AxisBar bar(const Span& span) const;
  /// At round times, a handful of them, none near the end.
  std::vector<Tick> ticks() const;
  double seconds() const { return seconds_; }

 private:
  double place(TimePoint time) const;

  TimePoint begin_{};
  double seconds_ = 0;
};

}  // namespace grange
