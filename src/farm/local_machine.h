#pragma once

#include "farm/workshop.h"
#include "record/machines.h"
#include "schedule/machine_slots.h"

namespace grange {

/// This machine as the order of a farm knows it. Where there are others beside it, who makes what
/// is the workshop's affair, and they count as part of it.
FarmMachine local_machine(const WorkshopConfig& config, unsigned slots, bool drained);
/// As it is remembered.
MachineRow machine_row(const FarmMachine& machine);

}  // namespace grange
