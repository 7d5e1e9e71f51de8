#include "build/machine_choice.h"

#include <algorithm>
#include <tuple>

namespace grange {
namespace {

bool includes_all(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace

bool fits(const RemoteMachine& machine, const MachineDemand& demand) {
  const bool system = demand.system == "builtin" || machine.systems.contains(demand.system);
  return system && includes_all(machine.features, demand.features) &&
         includes_all(demand.features, machine.mandatory);
}

std::optional<std::size_t> choose_machine(const std::vector<RemoteMachine>& machines,
                                          const std::vector<MachineLoad>& loads,
                                          const MachineDemand& demand) {
  const auto rank = [&](std::size_t i) {
    const double load = loads[i].running;
    return std::tuple(load / machines[i].speed, -machines[i].speed, load);
  };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    if (!loads[i].usable || loads[i].running >= machines[i].jobs) continue;
    if (!fits(machines[i], demand)) continue;
    if (!best || rank(i) < rank(*best)) best = i;
  }
  return best;
}

}  // namespace grange
