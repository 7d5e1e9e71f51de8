#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "plan/plan.h"
#include "schedule/fair_ready.h"

namespace grange {

/// Why a step has not started. Each kind says what must change for it to start, or to wait for
/// something else.
namespace waits {

/// It is being asked whether its outputs are there already.
struct BeingAsked {};
/// Its inputs are there, and it is being worked out what it comes to.
struct BeingResolved {};
/// These must be made first.
struct ForInputs {
  std::vector<StepId> first;  ///< some of them
  std::size_t count = 0;
};
/// Another step is making the very same.
struct ForSame {
  std::optional<StepId> step;
};
/// No machine of the farm could ever make it.
struct ForMachine {
  StepClass of;
  bool system_is_missing = false;  ///< no machine has it
  /// Otherwise: required features that no machine of the system has; where there are none, no
  /// machine has all of them together, or each asks for features that are not required.
  std::vector<std::string> missing_features;
};
/// The machines that could make it are disabled or drained.
struct ForUsableMachine {
  std::vector<std::string> drained;
  std::vector<std::string> disabled;
};
/// It failed for a reason that is not its own, and is tried again then.
struct ForTime {
  TimePoint until;
};
/// All slots that it could take are occupied.
struct ForSlot {
  std::size_t machines = 0;  ///< usable ones that could make it
  FairReady::Place place;
};
/// A slot is free: it is taken when the plan is next asked for decisions.
struct ForNothing {};

}  // namespace waits

using WaitingReason = std::variant<waits::BeingAsked, waits::BeingResolved, waits::ForInputs,
                                   waits::ForSame, waits::ForMachine, waits::ForUsableMachine,
                                   waits::ForTime, waits::ForSlot, waits::ForNothing>;

/// Nothing for a step that runs, has ended, or that nobody needs.
std::optional<WaitingReason> waiting_reason(const Plan& plan, FairReady& fair, StepId step);

/// What the words call things.
struct WaitingNames {
  std::function<std::string(StepId)> step;
  std::function<std::string(std::uint32_t)> jobset;
  std::function<std::string(TimePoint)> time;
};
/// One sentence without a full stop, beginning with "waits for" where it does.
std::string describe(const WaitingReason& reason, const WaitingNames& names);

}  // namespace grange
