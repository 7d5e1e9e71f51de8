#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "derivation/derivation_graph.h"
#include "plan/requester.h"
#include "plan/step_id.h"
#include "plan/step_limits.h"

namespace grange {

/// A step whose inputs are all there, and what its place in the order may depend on.
struct ReadyStep {
  StepId step;
  DerivationIndex recipe;
  StepLimits limits;
  /// Who wants it, directly or through others, by requester; with the best bump and priority of
  /// each. Valid as long as the plan.
  std::span<const Requester> interest;
  /// Seconds that the longest chain of steps takes which begins with this one and ends with what
  /// somebody asked for; 0 where no durations are expected (Plan::Options::expected_seconds).
  double path = 0;
  std::uint32_t age = 0;  ///< the first of the wants that need it: smaller is older
};

/// The seam for who says what starts, and when: the plan tells what could, and asks for the next
/// one. Called by the plan's owner thread only, from within the plan's `take_decisions` and its
/// events.
class ReadySteps {
 public:
  virtual ~ReadySteps() = default;
  /// It can start from now on.
  virtual void add(const ReadyStep& step) = 0;
  /// One that is ready, or that was taken and has not ended, is wanted by others than before, or
  /// otherwise.
  virtual void change(const ReadyStep& step) = 0;
  /// One that is ready, and was not taken, is needed no more.
  virtual void remove(StepId step) = 0;
  /// The next one to start: it is not ready any more and occupies a slot until `ended`. Nothing
  /// when none is ready or no slot is free for those that are.
  virtual std::optional<StepId> take() = 0;
  /// One that was taken is over, perhaps before it began: the slot is free.
  virtual void ended(StepId step) = 0;
  /// Nothing starts any more: any ready step, which then is not ready any more and has no slot.
  virtual std::optional<StepId> drop() = 0;
};

}  // namespace grange
