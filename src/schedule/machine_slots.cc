#include "schedule/machine_slots.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace grange {

StepClassId MachineSlots::class_id(const StepClass& of) {
  const auto [found, is_new] =
      class_ids_.try_emplace(of, StepClassId{static_cast<std::uint32_t>(classes_.size())});
  if (is_new) {
    classes_.push_back({&found->first, {}, 0});
    fit(classes_.back());
  }
  return found->second;
}

void MachineSlots::set_machines(std::vector<FarmMachine> machines) {
  std::map<std::uint32_t, unsigned> running = std::exchange(running_elsewhere_, {});
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    if (running_[i] > 0) running[machines_[i].id] += running_[i];
  }
  machines_ = std::move(machines);
  std::sort(machines_.begin(), machines_.end(),
            [](const FarmMachine& one, const FarmMachine& other) { return one.id < other.id; });
  running_.assign(machines_.size(), 0);
  indices_.clear();
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    GRANGE_CHECK(machines_[i].speed > 0);
    const bool is_new = indices_.emplace(machines_[i].id, i).second;
    GRANGE_CHECK(is_new);
    if (const auto node = running.extract(machines_[i].id); !node.empty()) {
      running_[i] = node.mapped();
    }
  }
  running_elsewhere_ = std::move(running);
  fit_all();
}

bool MachineSlots::set_drained(std::uint32_t machine, bool drained) {
  const auto found = indices_.find(machine);
  if (found == indices_.end()) return false;
  machines_[found->second].drained = drained;
  fit_all();
  return true;
}

bool MachineSlots::set_enabled(std::uint32_t machine, bool enabled) {
  const auto found = indices_.find(machine);
  if (found == indices_.end()) return false;
  machines_[found->second].enabled = enabled;
  fit_all();
  return true;
}

const FarmMachine* MachineSlots::machine(std::uint32_t id) const {
  const auto found = indices_.find(id);
  return found == indices_.end() ? nullptr : &machines_[found->second];
}

unsigned MachineSlots::occupied(std::uint32_t machine) const {
  if (const auto found = indices_.find(machine); found != indices_.end()) {
    return running_[found->second];
  }
  const auto found = running_elsewhere_.find(machine);
  return found == running_elsewhere_.end() ? 0 : found->second;
}

bool MachineSlots::suits(const FarmMachine& machine, const StepClass& of) {
  if (of.system != "builtin" && !machine.systems.contains(of.system)) return false;
  const auto required = [&](const std::string& feature) {
    return std::binary_search(of.features.begin(), of.features.end(), feature);
  };
  return std::all_of(of.features.begin(), of.features.end(),
                     [&](const std::string& feature) {
                       return machine.features.contains(feature) ||
                              machine.mandatory.contains(feature);
                     }) &&
         std::all_of(machine.mandatory.begin(), machine.mandatory.end(), required);
}

unsigned MachineSlots::free_on(std::size_t machine) const {
  const FarmMachine& of = machines_[machine];
  if (!of.enabled || of.drained || running_[machine] >= of.slots) return 0;
  return of.slots - running_[machine];
}

bool MachineSlots::goes_before(std::size_t one, std::size_t other, const StepClass& of) const {
  const FarmMachine& first = machines_[one];
  const FarmMachine& second = machines_[other];
  // load / speed, without the rounding of a division
  const double load = running_[one] * second.speed;
  const double other_load = running_[other] * first.speed;
  if (load != other_load) return load < other_load;
  if (first.speed != second.speed) return first.speed > second.speed;
  const auto spare = [&](const FarmMachine& machine) {
    return machine.features.size() - std::min(machine.features.size(), of.features.size());
  };
  if (spare(first) != spare(second)) return spare(first) < spare(second);
  return one < other;
}

std::optional<std::uint32_t> MachineSlots::take(StepClassId id) {
  const Class& of = classes_[index(id)];
  if (of.free == 0) return std::nullopt;
  std::optional<std::size_t> best;
  for (const std::size_t machine : of.suitable) {
    if (free_on(machine) == 0) continue;
    if (!best || goes_before(machine, *best, *of.of)) best = machine;
  }
  GRANGE_CHECK(best.has_value());
  count_change(*best, -1);
  ++running_[*best];
  return machines_[*best].id;
}

void MachineSlots::give_back(std::uint32_t machine) {
  const auto found = indices_.find(machine);
  if (found == indices_.end()) {
    const auto elsewhere = running_elsewhere_.find(machine);
    GRANGE_CHECK(elsewhere != running_elsewhere_.end());
    if (--elsewhere->second == 0) running_elsewhere_.erase(elsewhere);
    return;
  }
  const std::size_t at = found->second;
  GRANGE_CHECK(running_[at] > 0);
  const unsigned before = free_on(at);
  --running_[at];
  count_change(at, static_cast<int>(free_on(at)) - static_cast<int>(before));
}

void MachineSlots::count_change(std::size_t machine, int change) {
  for (const std::size_t of : classes_of_[machine]) {
    classes_[of].free = static_cast<unsigned>(static_cast<int>(classes_[of].free) + change);
  }
}

void MachineSlots::fit(Class& one) {
  one.suitable.clear();
  one.free = 0;
  const auto number = static_cast<std::size_t>(&one - classes_.data());
  for (std::size_t machine = 0; machine < machines_.size(); ++machine) {
    if (!suits(machines_[machine], *one.of)) continue;
    one.suitable.push_back(machine);
    one.free += free_on(machine);
    classes_of_[machine].push_back(number);
  }
}

void MachineSlots::fit_all() {
  classes_of_.assign(machines_.size(), {});
  for (auto& one : classes_) fit(one);
}

}  // namespace grange
