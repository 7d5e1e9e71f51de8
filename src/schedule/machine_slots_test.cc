#include "schedule/machine_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using testing::ElementsAre;

FarmMachine machine_for_slots(std::uint32_t id, unsigned slots, double speed = 1) {
  FarmMachine machine;
  machine.id = id;
  machine.name = "m" + std::to_string(id);
  machine.systems = {"x86_64-linux"};
  machine.slots = slots;
  machine.speed = speed;
  return machine;
}

std::vector<std::uint32_t> take_from(MachineSlots& slots, StepClassId of, int count) {
  std::vector<std::uint32_t> taken;
  for (int i = 0; i < count; ++i) {
    if (const auto machine = slots.take(of)) taken.push_back(*machine);
  }
  return taken;
}

TEST(MachineSlots, TheLeastLoadedForItsSpeedThenTheFastest) {
  MachineSlots slots;
  const auto of = slots.class_id({"x86_64-linux", {}, 0});
  slots.set_machines(
      {machine_for_slots(1, 4), machine_for_slots(2, 4, 2), machine_for_slots(3, 4)});
  EXPECT_EQ(slots.free_slots(of), 12U);
  EXPECT_THAT(take_from(slots, of, 6), ElementsAre(2, 1, 3, 2, 2, 1));
  EXPECT_EQ(slots.free_slots(of), 6U);
  slots.give_back(3);
  EXPECT_THAT(take_from(slots, of, 1), ElementsAre(3));
}

TEST(MachineSlots, SystemsAndFeaturesMustFit) {
  const auto suits = [](std::set<std::string> features, std::set<std::string> mandatory,
                        std::vector<std::string> required, const std::string& system) {
    FarmMachine machine = machine_for_slots(1, 1);
    machine.features = std::move(features);
    machine.mandatory = std::move(mandatory);
    return MachineSlots::suits(machine, {system, std::move(required), 0});
  };
  EXPECT_TRUE(suits({}, {}, {}, "x86_64-linux"));
  EXPECT_TRUE(suits({}, {}, {}, "builtin"));
  EXPECT_FALSE(suits({}, {}, {}, "aarch64-linux"));
  EXPECT_FALSE(suits({}, {}, {"kvm"}, "x86_64-linux"));
  EXPECT_TRUE(suits({"big", "kvm"}, {}, {"kvm"}, "x86_64-linux"));
  EXPECT_FALSE(suits({"big", "kvm"}, {"big"}, {"kvm"}, "x86_64-linux"));
  EXPECT_TRUE(suits({"kvm"}, {"big"}, {"big", "kvm"}, "x86_64-linux"));
}

TEST(MachineSlots, DrainedAndDisabledOnesTakeNothingAndKeepWhatRuns) {
  MachineSlots slots;
  slots.set_machines({machine_for_slots(1, 2), machine_for_slots(2, 1)});
  const auto of = slots.class_id({"x86_64-linux", {}, 0});
  EXPECT_THAT(take_from(slots, of, 1), ElementsAre(1));
  EXPECT_TRUE(slots.set_drained(1, true));
  EXPECT_FALSE(slots.set_drained(9, true));
  EXPECT_EQ(slots.free_slots(of), 1U);
  EXPECT_TRUE(slots.set_enabled(2, false));
  EXPECT_EQ(slots.free_slots(of), 0U);
  EXPECT_EQ(slots.take(of), std::nullopt);
  slots.give_back(1);
  EXPECT_EQ(slots.free_slots(of), 0U);
  slots.set_drained(1, false);
  EXPECT_EQ(slots.free_slots(of), 2U);
}

TEST(MachineSlots, WhatRunsIsKnownWhileItsMachineIsAway) {
  MachineSlots slots;
  slots.set_machines({machine_for_slots(1, 2), machine_for_slots(2, 2)});
  const auto of = slots.class_id({"x86_64-linux", {}, 0});
  take_from(slots, of, 4);
  slots.set_machines({machine_for_slots(2, 3)});
  EXPECT_EQ(slots.free_slots(of), 1U);
  slots.give_back(1);
  EXPECT_EQ(slots.occupied(1), 1U);
  slots.set_machines({machine_for_slots(1, 1), machine_for_slots(2, 3)});
  EXPECT_EQ(slots.free_slots(of), 1U) << "it still makes one";
  slots.give_back(1);
  EXPECT_EQ(slots.free_slots(of), 2U);
}

}  // namespace
}  // namespace grange
