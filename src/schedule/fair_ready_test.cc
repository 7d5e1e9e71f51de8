#include "schedule/fair_ready.h"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

FarmMachine plain_machine(std::uint32_t id, unsigned slots,
                          const std::string& system = "x86_64-linux") {
  FarmMachine machine;
  machine.id = id;
  machine.name = "machine-" + std::to_string(id);
  machine.systems = {system};
  machine.slots = slots;
  return machine;
}

/// Steps without a plan: their numbers are those of their derivations, too.
class FairReadyTest : public testing::Test {
 protected:
  FairReadyTest()
      : fair_({[this](DerivationIndex index) { return classes_.at(index); },
               [this](DerivationIndex) { return expected_; }}) {
    fair_.set_machines({plain_machine(1, 1)});
    fair_.advance(at(0));
  }
  static TimePoint at(std::int64_t second) { return TimePoint(seconds(1'700'000'000 + second)); }

  ReadyStep step(std::uint32_t number, std::vector<Requester> interest, double path = 0,
                 std::uint32_t age = 0) {
    std::sort(interest.begin(), interest.end());
    interests_.push_back(std::move(interest));
    return {StepId{number}, number, {}, interests_.back(), path, age};
  }
  void add(std::uint32_t number, std::vector<Requester> interest, double path = 0,
           std::uint32_t age = 0, const std::string& system = "x86_64-linux") {
    classes_[number] = {system, {}, 0};
    fair_.add(step(number, std::move(interest), path, age));
  }
  /// The order in which all go, one ending before the next begins, in no time.
  std::vector<std::uint32_t> order() {
    std::vector<std::uint32_t> order;
    while (const auto next = fair_.take()) {
      order.push_back(static_cast<std::uint32_t>(*next));
      fair_.ended(*next);
    }
    return order;
  }
  std::vector<std::uint32_t> take_all() {
    std::vector<std::uint32_t> taken;
    while (const auto next = fair_.take()) taken.push_back(static_cast<std::uint32_t>(*next));
    return taken;
  }
  void has_used(std::uint32_t jobset, std::int64_t core_seconds) {
    fair_.add_past({{jobset}, at(-core_seconds), at(0), 1});
  }

  std::map<DerivationIndex, StepClass> classes_;
  double expected_ = 100;
  std::deque<std::vector<Requester>> interests_;
  FairReady fair_;
};

TEST_F(FairReadyTest, WithinAJobsetPriorityThenPathThenAgeThenNumber) {
  add(1, {{1, 0, 0}}, 10, 5);
  add(2, {{1, 0, 0}}, 10, 3);
  add(3, {{1, 0, 0}}, 20, 9);
  add(4, {{1, 0, 7}}, 0, 9);
  add(5, {{1, 0, 0}}, 10, 3);
  EXPECT_THAT(order(), ElementsAre(4, 3, 2, 5, 1));
}

TEST_F(FairReadyTest, TheJobsetFurthestBelowItsShareGoesFirst) {
  has_used(1, 100);
  has_used(2, 150);
  has_used(3, 10);
  fair_.set_share(2, 2);
  fair_.set_share(3, 0.05);
  add(1, {{1, 0, 100}}, 1000);
  add(2, {{2, 0, 0}});
  add(3, {{3, 0, 50}});
  EXPECT_THAT(order(), ElementsAre(2, 1, 3));
}

TEST_F(FairReadyTest, ShareTakesEffectAtOnce) {
  has_used(1, 100);
  has_used(2, 150);
  add(1, {{1, 0, 0}});
  add(2, {{1, 0, 0}});
  add(3, {{2, 0, 0}});
  fair_.set_share(2, 10);
  EXPECT_THAT(order(), ElementsAre(3, 1, 2));
}

TEST_F(FairReadyTest, BumpedOnesGoFirstTheLargerBumpBeforeTheSmaller) {
  has_used(2, 1000);
  add(1, {{1, 0, 9}});
  add(2, {{2, 5, 0}});
  add(3, {{2, 8, 0}});
  EXPECT_THAT(order(), ElementsAre(3, 2, 1));
}

TEST_F(FairReadyTest, AChangeTakesEffectAtOnce) {
  add(1, {{1, 0, 5}});
  add(2, {{1, 0, 4}});
  add(3, {{1, 0, 3}});
  fair_.change(step(3, {{1, 77, 3}}));
  fair_.change(step(1, {{1, 0, 1}}));
  EXPECT_THAT(order(), ElementsAre(3, 2, 1));
  add(1, {{1, 0, 5}});
  add(2, {{1, 0, 4}});
  fair_.remove(StepId{1});
  EXPECT_THAT(order(), ElementsAre(2));
}

TEST_F(FairReadyTest, ASharedStepGoesByTheBestOfItsPlaces) {
  has_used(1, 1000);
  has_used(2, 500);
  add(1, {{1, 0, 100}});
  add(2, {{1, 0, 0}, {3, 0, 0}});
  add(3, {{2, 0, 0}});
  EXPECT_THAT(order(), ElementsAre(2, 3, 1));
}

TEST_F(FairReadyTest, StartsInOneInstantAreSpreadByShares) {
  fair_.set_machines({plain_machine(1, 12)});
  fair_.set_share(1, 1);
  fair_.set_share(2, 3);
  for (std::uint32_t i = 0; i < 100; ++i) add(i, {{1 + i % 2, 0, 0}});
  std::map<unsigned, int> started;
  for (const auto number : take_all()) ++started[1 + number % 2];
  EXPECT_EQ(started[1], 3);
  EXPECT_EQ(started[2], 9);
}

TEST_F(FairReadyTest, NothingForASystemNeitherBlocksNorIsBlocked) {
  fair_.set_machines({plain_machine(1, 1), plain_machine(2, 1, "aarch64-linux")});
  has_used(2, 5000);
  add(1, {{1, 0, 0}}, 0, 0, "riscv64-linux");
  add(2, {{1, 0, 0}}, 0, 0, "aarch64-linux");
  add(3, {{2, 0, 0}});
  EXPECT_THAT(take_all(), ElementsAre(2, 3));
  EXPECT_EQ(fair_.machine_of(StepId{2}), 2U);
  EXPECT_EQ(fair_.machine_of(StepId{3}), 1U);
  EXPECT_EQ(fair_.machine_of(StepId{1}), std::nullopt);
}

TEST_F(FairReadyTest, ADrainedMachineGetsNothingAnother) {
  add(1, {{1, 0, 0}});
  fair_.set_drained(1, true);
  EXPECT_EQ(fair_.take(), std::nullopt);
  fair_.set_drained(1, false);
  EXPECT_EQ(fair_.take(), StepId{1});
}

TEST_F(FairReadyTest, WhatIsHeldGoesWhenItsTimeHasCome) {
  add(1, {{1, 0, 0}});
  fair_.hold(StepId{1}, at(60));
  fair_.hold(StepId{2}, at(30));
  add(2, {{1, 0, 0}});
  EXPECT_EQ(fair_.take(), std::nullopt);
  EXPECT_EQ(fair_.held_until(StepId{1}), at(60));
  fair_.advance(at(30));
  EXPECT_THAT(order(), ElementsAre(2));
  fair_.advance(at(59));
  EXPECT_EQ(fair_.take(), std::nullopt);
  fair_.hold(StepId{1}, at(0));
  EXPECT_THAT(order(), ElementsAre(1));
}

TEST_F(FairReadyTest, WhatRunsIsChargedToThoseWhoWantIt) {
  add(1, {{1, 0, 0}, {2, 0, 0}});
  ASSERT_EQ(fair_.take(), StepId{1});
  EXPECT_DOUBLE_EQ(fair_.used(1), 50);
  fair_.advance(at(40));
  fair_.change(step(1, {{2, 0, 0}}));
  EXPECT_THAT(fair_.charged(StepId{1}), ElementsAre(2));
  fair_.advance(at(50));
  fair_.ended(StepId{1});
  EXPECT_DOUBLE_EQ(fair_.used(1), 20);
  EXPECT_DOUBLE_EQ(fair_.used(2), 30);
}

TEST_F(FairReadyTest, AJobsetWithoutWorkSavesUpNoMoreThanADay) {
  add(1, {{1, 0, 0}});
  fair_.take();
  fair_.advance(at(1'000'000));
  EXPECT_NEAR(fair_.used(1), 24 * 3600, 1);
  fair_.ended(StepId{1});
  fair_.advance(at(1'100'000));
  EXPECT_EQ(fair_.used(1), 0);
}

/// Beside a list that is sorted anew for each answer, by the order as it is documented.
TEST(FairReadyModel, TakesWhatASlowModelTakes) {
  using Key = std::tuple<std::int64_t, double, std::uint32_t, int, double, std::uint32_t, StepId>;
  struct Model {
    ReadyStep step;
    bool held = false;
  };
  for (unsigned seed = 0; seed < 60 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&](std::size_t end) { return static_cast<std::uint32_t>(random() % end); };
    const std::vector<StepClass> classes{{"x86_64-linux", {}, 0},
                                         {"x86_64-linux", {"kvm"}, 4},
                                         {"aarch64-linux", {}, 2},
                                         {"aarch64-linux", {"big"}, 0}};
    FairReady fair({[&](DerivationIndex index) { return classes[index % classes.size()]; },
                    [](DerivationIndex index) { return static_cast<double>(index % 900); }});
    std::vector<FarmMachine> machines;
    for (std::uint32_t id = 0; id < 5; ++id) {
      machines.push_back(
          plain_machine(id, 1 + below(3), id % 2 == 0 ? "x86_64-linux" : "aarch64-linux"));
      machines.back().speed = 1 + below(2);
      if (id == 0) machines.back().features = {"kvm"};
      if (id == 1) machines.back().mandatory = machines.back().features = {"big"};
    }
    fair.set_machines(machines);
    std::map<StepId, Model> ready;
    std::map<StepId, std::pair<ReadyStep, std::uint32_t>> running;
    std::deque<std::vector<Requester>> interests;
    std::int64_t now = 1'700'000'000;
    fair.advance(TimePoint(seconds(now)));
    std::uint32_t next = 0;
    const auto some = [&] {
      std::vector<Requester> interest;
      for (std::uint32_t i = 0; i < 6; ++i) {
        if (below(4) != 0) continue;
        interest.push_back({i, below(8) == 0 ? below(3) : 0, static_cast<int>(below(3))});
      }
      if (interest.empty()) interest.push_back({below(6), 0, 0});
      interests.push_back(std::move(interest));
      return std::span<const Requester>(interests.back());
    };
    const auto load = [&](std::uint32_t id) {
      return std::count_if(running.begin(), running.end(),
                           [&](const auto& one) { return one.second.second == id; });
    };
    const auto has_slot = [&](const StepClass& of) {
      return std::any_of(machines.begin(), machines.end(), [&](const FarmMachine& machine) {
        return !machine.drained && MachineSlots::suits(machine, of) &&
               load(machine.id) < static_cast<std::int64_t>(machine.slots);
      });
    };
    const auto expected_next = [&]() -> std::optional<StepId> {
      std::optional<Key> best;
      for (const auto& [id, model] : ready) {
        if (model.held || !has_slot(classes[model.step.recipe % classes.size()])) continue;
        for (const auto& by : model.step.interest) {
          const Key key{-by.bump,
                        fair.used(by.requester) / fair.share(by.requester),
                        by.requester,
                        -by.priority,
                        -model.step.path,
                        model.step.age,
                        id};
          if (!best || key < *best) best = key;
        }
      }
      if (!best) return std::nullopt;
      return std::get<StepId>(*best);
    };
    for (int round = 0; round < 1500; ++round) {
      const auto kind = below(20);
      const auto any_of = [&](auto& map) { return std::next(map.begin(), below(map.size())); };
      if (kind < 8) {
        const ReadyStep step{StepId{next}, next, {}, some(), static_cast<double>(below(4)),
                             below(5)};
        ++next;
        fair.add(step);
        ready[step.step] = {step};
      } else if (kind < 10 && !ready.empty()) {
        auto& [id, model] = *any_of(ready);
        model.step.interest = some();
        model.step.path = below(4);
        fair.change(model.step);
      } else if (kind < 11 && !ready.empty()) {
        const auto at = any_of(ready);
        fair.remove(at->first);
        ready.erase(at);
      } else if (kind < 14 && !running.empty()) {
        const auto at = any_of(running);
        fair.ended(at->first);
        running.erase(at);
      } else if (kind < 15 && !running.empty()) {
        auto& [id, run] = *any_of(running);
        run.first.interest = some();
        fair.change(run.first);
      } else if (kind < 16) {
        fair.set_share(below(6), 1 + below(4));
      } else if (kind < 17) {
        auto& machine = machines[below(machines.size())];
        machine.drained = !machine.drained;
        fair.set_drained(machine.id, machine.drained);
      } else if (kind < 18 && !ready.empty()) {
        const auto at = any_of(ready);
        at->second.held = !at->second.held;
        const auto until = at->second.held ? now + 1'000'000'000 : 0;
        fair.hold(at->first, TimePoint(seconds(until)));
      } else {
        now += 1 + below(3000);
        fair.advance(TimePoint(seconds(now)));
      }
      for (int takes = static_cast<int>(below(3)); takes > 0; --takes) {
        const auto expected = expected_next();
        const auto taken = fair.take();
        ASSERT_EQ(taken, expected) << "round " << round;
        if (!taken) break;
        const auto machine = fair.machine_of(*taken);
        ASSERT_TRUE(machine.has_value());
        running[*taken] = {ready.at(*taken).step, *machine};
        ready.erase(*taken);
      }
    }
  }
}

TEST_F(FairReadyTest, TheOrderSaysWhenEachStartsAsFarAsThatIsKnown) {
  fair_.set_machines({plain_machine(1, 2)});
  add(1, {{1, 0, 0}}, 10);
  add(2, {{1, 0, 0}}, 9);
  EXPECT_EQ(take_all().size(), 2U);
  add(3, {{1, 0, 0}}, 8);
  add(4, {{1, 0, 0}}, 7);
  add(5, {{1, 0, 0}}, 6);
  const auto starts = [&](std::vector<FairReady::Busy> busy, std::size_t most = 10) {
    std::vector<std::pair<std::uint32_t, double>> list;
    for (const auto& start : fair_.order(busy, most)) {
      list.emplace_back(static_cast<std::uint32_t>(start.step), start.in ? start.in->count() : -1);
    }
    return list;
  };
  using Starts = std::vector<std::pair<std::uint32_t, double>>;
  EXPECT_EQ(starts({{1, Seconds(30)}, {1, Seconds(50)}}), (Starts{{3, 30}, {4, 50}, {5, 130}}));
  EXPECT_EQ(starts({{1, Seconds(30)}, {1, Seconds(50)}}, 1), (Starts{{3, 30}}));
  // Of one it is not known when it ends: the other slot has to do.
  EXPECT_EQ(starts({{1, Seconds(30)}, {1, std::nullopt}}), (Starts{{3, 30}, {4, 130}, {5, 230}}));
  expected_ = 0;
  EXPECT_EQ(starts({{1, Seconds(30)}, {1, Seconds(50)}}), (Starts{{3, 30}, {4, 50}, {5, -1}}));
  fair_.set_drained(1, true);
  EXPECT_EQ(starts({}), Starts{}) << "no machine takes any";
}

TEST_F(FairReadyTest, TheOrderIsThatInWhichTheyAreTaken) {
  has_used(1, 150);
  has_used(2, 100);
  fair_.set_machines({plain_machine(1, 1), plain_machine(2, 1, "aarch64-linux")});
  add(1, {{1, 0, 0}});
  add(2, {{2, 0, 0}}, 1);
  add(3, {{2, 0, 0}}, 2);
  add(4, {{1, 0, 0}}, 5, 0, "aarch64-linux");
  add(5, {{3, 7, 0}});
  std::vector<std::uint32_t> foreseen;
  for (const auto& start : fair_.order({}, 10)) {
    foreseen.push_back(static_cast<std::uint32_t>(start.step));
  }
  EXPECT_THAT(foreseen, ElementsAre(5, 3, 4, 2, 1));
}

TEST(FairReadyModel, EqualEventsGiveEqualAnswers) {
  std::vector<std::uint32_t> taken[2];
  for (auto& log : taken) {
    FairReady fair({[](DerivationIndex) {
                      return StepClass{"x86_64-linux", {}, 0};
                    },
                    [](DerivationIndex index) { return 1.0 + index % 7; }});
    fair.set_machines({plain_machine(1, 3), plain_machine(2, 3)});
    std::deque<std::vector<Requester>> interests;
    std::mt19937 random(5);
    for (std::uint32_t i = 0; i < 2000; ++i) {
      fair.advance(TimePoint(seconds(i)));
      interests.push_back({{static_cast<std::uint32_t>(random() % 20), 0, 0}});
      fair.add({StepId{i}, i, {}, interests.back(), 0, i});
      while (const auto next = fair.take()) log.push_back(static_cast<std::uint32_t>(*next));
      if (i % 2 == 0 && log.size() > i / 2) fair.ended(StepId{log[i / 2]});
    }
  }
  EXPECT_EQ(taken[0], taken[1]);
}

}  // namespace
}  // namespace grange
