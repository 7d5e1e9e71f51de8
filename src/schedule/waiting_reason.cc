#include "schedule/waiting_reason.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace grange {
namespace {

constexpr std::size_t kNamedInputs = 3;

waits::ForMachine no_machine(const MachineSlots& slots, const StepClass& of) {
  waits::ForMachine reason{of, true, of.features};
  for (const auto& machine : slots.machines()) {
    if (of.system != "builtin" && !machine.systems.contains(of.system)) continue;
    reason.system_is_missing = false;
    std::erase_if(reason.missing_features, [&](const std::string& feature) {
      return machine.features.contains(feature) || machine.mandatory.contains(feature);
    });
  }
  if (reason.system_is_missing) reason.missing_features.clear();
  return reason;
}

WaitingReason reason_of_ready(FairReady& fair, StepId step) {
  if (const auto until = fair.held_until(step)) return waits::ForTime{*until};
  const MachineSlots& slots = fair.machines();
  const StepClassId id = fair.class_of(step).value();
  std::size_t usable = 0;
  waits::ForUsableMachine unusable;
  for (const auto& machine : slots.machines()) {
    if (!MachineSlots::suits(machine, slots[id])) continue;
    if (!machine.enabled) {
      unusable.disabled.push_back(machine.name);
    } else if (machine.drained) {
      unusable.drained.push_back(machine.name);
    } else {
      ++usable;
    }
  }
  if (usable == 0 && unusable.drained.empty() && unusable.disabled.empty()) {
    return no_machine(slots, slots[id]);
  }
  if (usable == 0) return unusable;
  const auto place = fair.place(step).value();
  if (slots.free_slots(id) > place.before) return waits::ForNothing{};
  return waits::ForSlot{usable, place};
}

std::string list_of_features(const std::vector<std::string>& features) {
  return fmt::format("{} {}", features.size() == 1 ? "feature" : "features",
                     fmt::join(features, ", "));
}

struct Describer {
  const WaitingNames& names;

  std::string operator()(const waits::BeingAsked&) const {
    return "it is being asked whether it is there already";
  }
  std::string operator()(const waits::BeingResolved&) const {
    return "its inputs are there; it is being worked out what it comes to";
  }
  std::string operator()(const waits::ForInputs& reason) const {
    std::string text = "waits for ";
    const std::size_t named = std::min(reason.first.size(), kNamedInputs);
    for (std::size_t i = 0; i < named; ++i) {
      text += (i == 0 ? "" : ", ") + names.step(reason.first[i]);
    }
    if (reason.count > named) text += fmt::format(" and {} more", reason.count - named);
    return text + " to be made";
  }
  std::string operator()(const waits::ForSame& reason) const {
    if (!reason.step) return "waits for another step that makes the same";
    return "waits for " + names.step(*reason.step) + ", which makes the same";
  }
  std::string operator()(const waits::ForMachine& reason) const {
    if (reason.system_is_missing) {
      return "waits for a machine with system " + reason.of.system + ": the farm has none";
    }
    const std::string those = reason.of.system == "builtin" ? "" : " of system " + reason.of.system;
    if (!reason.missing_features.empty()) {
      return fmt::format("waits for a machine{} with {}: none has {}", those,
                         list_of_features(reason.missing_features),
                         reason.missing_features.size() == 1 ? "it" : "them");
    }
    if (reason.of.features.empty()) {
      return fmt::format(
          "waits for a machine{} that takes steps without features: each asks for some", those);
    }
    return fmt::format(
        "waits for a machine{} with {}: none has all of them, and asks for no others", those,
        list_of_features(reason.of.features));
  }
  std::string operator()(const waits::ForUsableMachine& reason) const {
    std::string text = "waits for a machine: all that could make it are out of use (";
    if (!reason.drained.empty())
      text += fmt::format("drained: {}", fmt::join(reason.drained, ", "));
    if (!reason.drained.empty() && !reason.disabled.empty()) text += "; ";
    if (!reason.disabled.empty()) {
      text += fmt::format("disabled or lost: {}", fmt::join(reason.disabled, ", "));
    }
    return text + ")";
  }
  std::string operator()(const waits::ForTime& reason) const {
    return "waits until " + names.time(reason.until) + " to be tried again";
  }
  std::string operator()(const waits::ForSlot& reason) const {
    std::string text =
        fmt::format("waits for a slot: all on {} {} are occupied", reason.machines,
                    reason.machines == 1 ? "machine" : "machines that could make it");
    const auto& place = reason.place;
    if (place.before == 0) return text + ", and it is the next";
    text += fmt::format(", and {}{} {} before it, first of {}",
                        place.before == FairReady::kMostBefore ? "at least " : "", place.before,
                        place.before == 1 ? "step goes" : "steps go", names.jobset(place.first));
    if (place.first_is_bumped) text += ", which is bumped";
    return text;
  }
  std::string operator()(const waits::ForNothing&) const { return "starts now"; }
};

}  // namespace

std::optional<WaitingReason> waiting_reason(const Plan& plan, FairReady& fair, StepId step) {
  using Doing = Plan::View::Doing;
  auto view = plan.view(step);
  switch (view.doing) {
    case Doing::nothing:
    case Doing::running:
      return std::nullopt;
    case Doing::asked:
      return waits::BeingAsked{};
    case Doing::resolving:
      return waits::BeingResolved{};
    case Doing::waits_for_inputs:
      return waits::ForInputs{std::move(view.inputs), view.input_count};
    case Doing::waits_for_same:
      return waits::ForSame{view.same};
    case Doing::ready:
      return reason_of_ready(fair, step);
  }
  return std::nullopt;
}

std::string describe(const WaitingReason& reason, const WaitingNames& names) {
  return std::visit(Describer{names}, reason);
}

}  // namespace grange
