#include "farm/local_machine.h"

#include <algorithm>

namespace grange {

FarmMachine local_machine(const WorkshopConfig& config, unsigned slots, bool drained) {
  FarmMachine machine;
  machine.id = 0;
  machine.name = "local";
  machine.systems = {config.builder.system, "builtin"};
  machine.systems.insert(config.builder.extra_platforms.begin(),
                         config.builder.extra_platforms.end());
  machine.features.insert(config.builder.features.begin(), config.builder.features.end());
  for (const auto& other : config.machines) {
    machine.systems.insert(other.systems.begin(), other.systems.end());
    machine.features.insert(other.features.begin(), other.features.end());
  }
  machine.slots = std::max(1U, slots);
  machine.drained = drained;
  return machine;
}

MachineRow machine_row(const FarmMachine& machine) {
  MachineRow row;
  row.name = machine.name;
  row.systems = {machine.systems.begin(), machine.systems.end()};
  row.features = {machine.features.begin(), machine.features.end()};
  row.slots = machine.slots;
  return row;
}

}  // namespace grange
