#include "build/machine_choice.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

const std::vector<RemoteMachine>& some_machines() {
  static const auto machines = parse_machines(
      "ssh://slow a - 4 1 kvm; ssh://fast a,b - 4 2 kvm; ssh://special a - 4 9 kvm,rare rare", "a");
  return machines;
}

std::optional<std::size_t> choose(std::vector<MachineLoad> loads, const MachineDemand& demand) {
  return choose_machine(some_machines(), loads, demand);
}

TEST(MachineChoice, FitsBySystemFeaturesAndWhatIsMandatory) {
  const auto& machines = some_machines();
  EXPECT_TRUE(fits(machines[0], {"a", {}}));
  EXPECT_TRUE(fits(machines[0], {"a", {"kvm"}}));
  EXPECT_TRUE(fits(machines[0], {"builtin", {}}));
  EXPECT_FALSE(fits(machines[0], {"b", {}}));
  EXPECT_FALSE(fits(machines[0], {"a", {"rare"}}));
  EXPECT_FALSE(fits(machines[2], {"a", {"kvm"}})) << "only for those who ask for what it has alone";
  EXPECT_TRUE(fits(machines[2], {"a", {"kvm", "rare"}}));
}

TEST(MachineChoice, TakesTheLeastLoadedForItsSpeed) {
  EXPECT_EQ(choose({{0}, {0}, {0}}, {"a", {}}), 1U) << "equal load: the faster one";
  EXPECT_EQ(choose({{0}, {1}, {0}}, {"a", {}}), 0U);
  EXPECT_EQ(choose({{1}, {1}, {0}}, {"a", {}}), 1U);
  EXPECT_EQ(choose({{1}, {2}, {0}}, {"a", {}}), 1U) << "1/1 and 2/2: the faster one";
  EXPECT_EQ(choose({{1}, {3}, {0}}, {"a", {}}), 0U);
  EXPECT_EQ(choose({{0}, {0}, {0}}, {"b", {}}), 1U);
  EXPECT_EQ(choose({{0}, {0}, {0}}, {"a", {"rare"}}), 2U);
}

TEST(MachineChoice, PassesOverThoseThatAreFullOrRest) {
  EXPECT_EQ(choose({{0}, {4}, {0}}, {"a", {}}), 0U);
  EXPECT_EQ(choose({{4}, {0, false}, {0}}, {"a", {}}), std::nullopt);
  EXPECT_EQ(choose({{0}, {0}, {0}}, {"c", {}}), std::nullopt);
}

}  // namespace
}  // namespace grange
