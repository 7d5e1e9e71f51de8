#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "record/builds.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/machines.h"
#include "record/steps.h"

namespace grange {

/// The events that the farm tells of; `data` holds what a follower needs to show it without asking.

EventRow step_event(std::string_view kind, const StepRow& step, TimePoint now);
EventRow build_event(std::string_view kind, const BuildRow& build, TimePoint now);
EventRow project_event(std::string_view kind, const std::string& name, TimePoint now);
EventRow evaluation_event(std::string_view kind, const EvaluationRow& evaluation, TimePoint now,
                          Seconds recording);
EventRow machine_event(std::string_view kind, const MachineRow& machine, TimePoint now);
EventRow jobset_event(std::string_view kind, const Jobset& jobset, TimePoint now);

}  // namespace grange
