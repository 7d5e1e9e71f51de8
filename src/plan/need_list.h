#pragma once

#include <cstdint>
#include <vector>

#include "plan/output_mask.h"

namespace grange {

using StepIndex = std::uint32_t;
using WantIndex = std::uint32_t;

/// Who is waiting for which outputs of which step. A need has two ends: the step that it is for,
/// and who has it: a want or another step. Adding and removing cost O(1); each step's needs are
/// listed in the order in which they were added.
class NeedList {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = ~Id{0};

  struct Need {
    StepIndex step;      ///< the step that it is for
    std::uint32_t from;  ///< a step, or a want
    bool from_want;
    OutputMask outputs;
  };

  Id add_from_want(WantIndex want, StepIndex step, OutputMask outputs);
  Id add_from_step(StepIndex from, StepIndex step, OutputMask outputs);
  void remove(Id need);

  const Need& operator[](Id need) const { return links_[need].need; }

  /// Is anybody waiting for `step`?
  bool is_needed(StepIndex step) const { return first_for(step) != kNone; }
  /// Is `step` waiting for anything?
  bool has_needs(StepIndex step) const { return first_from(step) != kNone; }

  /// The needs for `step`, in order; take the next one before removing one.
  Id first_for(StepIndex step) const { return step < ends_.size() ? ends_[step].first_for : kNone; }
  Id next_for(Id need) const { return links_[need].next_for; }
  /// The needs that step `from` has.
  Id first_from(StepIndex from) const {
    return from < ends_.size() ? ends_[from].first_from : kNone;
  }
  Id next_from(Id need) const { return links_[need].next_from; }

 private:
  struct Link {
    Need need;
    Id next_for = kNone, previous_for = kNone;
    Id next_from = kNone, previous_from = kNone;
  };
  struct Ends {
    Id first_for = kNone, last_for = kNone, first_from = kNone;
  };

  Id add(const Need& need);
  Ends& ends(StepIndex step);

  std::vector<Link> links_;
  std::vector<Ends> ends_;  ///< by step
  Id free_ = kNone;         ///< removed ones, chained by next_for
};

}  // namespace grange
