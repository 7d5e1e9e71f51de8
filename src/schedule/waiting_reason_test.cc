#include "schedule/waiting_reason.h"

#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/testing_farm.h"

namespace grange {
namespace {

FarmMachine named_machine(std::uint32_t id, const std::string& name, unsigned slots,
                          const std::string& system, std::set<std::string> features = {}) {
  FarmMachine machine;
  machine.id = id;
  machine.name = name;
  machine.slots = slots;
  machine.systems = {system};
  machine.features = std::move(features);
  return machine;
}

class WaitingReasonTest : public testing::Test {
 protected:
  std::size_t add(const std::string& system, std::vector<std::string> features = {},
                  const std::vector<std::size_t>& inputs = {}) {
    TestingFarm::Job job;
    job.of = {system, std::move(features), 1};
    job.seconds = 100;
    return farm_.add(job, inputs);
  }
  std::string why(std::size_t job) {
    const auto step = farm_.step_of(job);
    if (!step) return "not known";
    const auto reason = waiting_reason(farm_.plan(), farm_.fair(), *step);
    if (!reason) return "does not wait";
    return describe(*reason,
                    {[this](StepId id) {
                       const auto number = farm_.job_of(farm_.plan().view(id).recipe);
                       return "job " + std::to_string(number);
                     },
                     [](std::uint32_t jobset) { return "jobset " + std::to_string(jobset); },
                     [this](TimePoint time) {
                       const auto after = Seconds(time - farm_.time(0)).count();
                       return "second " + std::to_string(static_cast<int>(after));
                     }});
  }
  TestingFarm farm_;
};

TEST_F(WaitingReasonTest, IsToldInWords) {
  const auto first = add("x86_64-linux");
  const auto second = add("x86_64-linux");
  const auto third = add("x86_64-linux");
  const auto above = add("x86_64-linux", {}, {first, second, third});
  const auto other = add("aarch64-linux");
  const auto lost = add("riscv64-linux");
  const auto special = add("x86_64-linux", {"big", "kvm"});
  const auto split = add("x86_64-linux", {"benchmark", "big"});
  farm_.open({named_machine(1, "one", 1, "x86_64-linux", {"big"}),
              named_machine(2, "two", 2, "aarch64-linux"),
              named_machine(3, "three", 2, "aarch64-linux"),
              named_machine(4, "four", 0, "x86_64-linux", {"benchmark"})});
  farm_.fair().set_drained(2, true);
  farm_.fair().set_enabled(3, false);
  farm_.want(above, {1, 0, 0});
  farm_.want(first, {1, 0, 9});
  farm_.want(second, {1, 0, 8});
  for (const auto job : {other, lost, special, split}) farm_.want(job, {2, 0, 0});
  farm_.settle();
  EXPECT_EQ(why(first), "does not wait");
  EXPECT_EQ(why(second),
            "waits for a slot: all on 2 machines that could make it are occupied, and it is the "
            "next");
  EXPECT_EQ(why(third),
            "waits for a slot: all on 2 machines that could make it are occupied, and 1 step goes "
            "before it, first of jobset 1");
  EXPECT_THAT(why(above), testing::MatchesRegex("waits for job ., job ., job . to be made"));
  EXPECT_EQ(why(other),
            "waits for a machine: all that could make it are out of use (drained: two; disabled or "
            "lost: three)");
  EXPECT_EQ(why(lost), "waits for a machine with system riscv64-linux: the farm has none");
  EXPECT_EQ(why(special),
            "waits for a machine of system x86_64-linux with feature kvm: none has it");
  EXPECT_EQ(why(split),
            "waits for a machine of system x86_64-linux with features benchmark, big: none has all "
            "of them, and asks for no others");
  farm_.fair().hold(*farm_.step_of(second), farm_.time(500));
  EXPECT_EQ(why(second), "waits until second 500 to be tried again");
  EXPECT_EQ(why(third),
            "waits for a slot: all on 2 machines that could make it are occupied, and it is the "
            "next");
}

TEST_F(WaitingReasonTest, AFreeSlotIsNoReason) {
  const auto only = add("x86_64-linux");
  farm_.open({named_machine(1, "one", 1, "x86_64-linux")});
  farm_.fair().set_drained(1, true);
  farm_.want(only, {1, 0, 0});
  farm_.settle();
  farm_.fair().set_drained(1, false);
  EXPECT_EQ(why(only), "starts now");
  farm_.settle();
  EXPECT_EQ(why(only), "does not wait");
}

/// A farm in which all kinds of things are in the way.
class ObstructedFarm {
 public:
  explicit ObstructedFarm(unsigned seed, std::size_t count) : random_(seed) {
    for (std::size_t i = 0; i < count; ++i) {
      TestingFarm::Job job;
      const auto system = below(10);
      job.of.system = system < 5 ? "x86_64-linux" : system < 8 ? "aarch64-linux" : "riscv64-linux";
      if (below(8) == 0) job.of.features = {below(2) == 0 ? "big" : "kvm"};
      job.seconds = static_cast<double>(10 + below(500));
      std::set<std::size_t> inputs;
      if (i > 10 && below(3) == 0) {
        for (std::size_t n = 1 + below(3); n > 0; --n) inputs.insert(i - 1 - below(i / 2));
      }
      farm.add(job, {inputs.begin(), inputs.end()});
    }
    machines_ = {named_machine(1, "m1", 4, "x86_64-linux", {"big"}),
                 named_machine(2, "m2", 4, "x86_64-linux"),
                 named_machine(3, "m3", 4, "aarch64-linux", {"kvm"}),
                 named_machine(4, "m4", 4, "aarch64-linux")};
    machines_[2].mandatory = {"kvm"};
    machines_[2].drained = true;
    farm.open(machines_);
    for (std::size_t i = 0; i < count; ++i) {
      const Requester by{static_cast<std::uint32_t>(1 + below(6)), below(50) == 0 ? 1 : 0,
                         static_cast<int>(below(3))};
      wants_.emplace_back(farm.want(i, by), by);
    }
    farm.settle();
    for (std::size_t i = 0; i < count; i += 37) {
      const auto step = farm.step_of(i);
      if (step && !farm.runs(*step)) farm.fair().hold(*step, farm.time(2000));
    }
  }

  /// Takes away what is in the way of it, until it runs.
  void start(std::size_t job, std::size_t want) {
    const StepId step = farm.step_of(job).value();
    for (int removed = 0; removed < 12; ++removed) {
      const auto reason = waiting_reason(farm.plan(), farm.fair(), step);
      if (!reason) {
        ASSERT_NE(farm.plan().view(step).doing, Plan::View::Doing::ready);
        return;
      }
      ++kinds[reason->index()];
      remove(*reason, step, want);
      if (testing::Test::HasFatalFailure()) return;
    }
    FAIL() << "job " << job << " does not start whatever is removed";
  }

  TestingFarm farm;
  std::map<std::size_t, int> kinds;

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  void remove(const WaitingReason& reason, StepId step, std::size_t want) {
    if (const auto* inputs = std::get_if<waits::ForInputs>(&reason)) {
      ASSERT_GT(inputs->count, 0U);
      for (const StepId input : inputs->first) {
        const std::size_t job = farm.job_of(farm.plan().view(input).recipe);
        start(job, want);
        if (farm.runs(input)) farm.end(input);
        farm.settle();
      }
      const auto after = waiting_reason(farm.plan(), farm.fair(), step);
      if (inputs->count > inputs->first.size() || !after) return;
      ASSERT_FALSE(std::holds_alternative<waits::ForInputs>(*after));
    } else if (const auto* machine = std::get_if<waits::ForMachine>(&reason)) {
      FarmMachine added = named_machine(next_id_++, "added", 1, machine->of.system);
      added.features.insert(machine->missing_features.begin(), machine->missing_features.end());
      if (machine->system_is_missing) {
        added.features.insert(machine->of.features.begin(), machine->of.features.end());
      }
      add_machine(added);
      const auto after = waiting_reason(farm.plan(), farm.fair(), step);
      ASSERT_TRUE(!after || std::holds_alternative<waits::ForSlot>(*after));
    } else if (const auto* unusable = std::get_if<waits::ForUsableMachine>(&reason)) {
      for (const auto& name : unusable->drained) {
        for (auto& one : machines_) {
          if (one.name != name) continue;
          one.drained = false;
          farm.fair().set_drained(one.id, false);
        }
      }
      farm.settle();
    } else if (const auto* time = std::get_if<waits::ForTime>(&reason)) {
      // Nothing that runs ends meanwhile.
      farm.fair().hold(step, farm.time(0));
      ASSERT_GT(time->until, farm.time());
      farm.settle();
    } else if (const auto* slot = std::get_if<waits::ForSlot>(&reason)) {
      remove_busy_slots(*slot, step, want);
    } else {
      FAIL() << "nothing is asked or resolved here, and no slot is free";
    }
  }

  /// As many more slots as there are steps that go first, and one; or nobody goes first any more,
  /// and one slot.
  void remove_busy_slots(const waits::ForSlot& slot, StepId step, std::size_t want) {
    std::size_t slots = slot.place.before + 1;
    if (slots > 20) {
      auto& [id, by] = wants_[want];
      by.bump = ++last_bump_;
      farm.plan().change(id, by);
      farm.settle();
      const auto after = waiting_reason(farm.plan(), farm.fair(), step);
      ASSERT_TRUE(after && std::holds_alternative<waits::ForSlot>(*after));
      // What else that want needs is bumped, too.
      ASSERT_LT(std::get<waits::ForSlot>(*after).place.before, 200U);
      slots = std::get<waits::ForSlot>(*after).place.before + 1;
    }
    const StepClass of = farm.fair().machines()[farm.fair().class_of(step).value()];
    const std::size_t before = farm.running();
    add_slots(of, static_cast<unsigned>(slots));
    ASSERT_TRUE(farm.runs(step));
    ASSERT_EQ(farm.running(), before + slots) << "just so many went first";
  }

  /// For this class only.
  void add_slots(const StepClass& of, unsigned slots) {
    const auto [found, is_new] = added_.try_emplace(of, machines_.size());
    if (is_new) {
      FarmMachine added = named_machine(next_id_++, "added", slots, of.system,
                                        {of.features.begin(), of.features.end()});
      added.mandatory = added.features;
      add_machine(added);
    } else {
      machines_[found->second].slots += slots;
      farm.fair().set_machines(machines_);
      farm.settle();
    }
  }

  void add_machine(const FarmMachine& machine) {
    machines_.push_back(machine);
    farm.fair().set_machines(machines_);
    farm.settle();
  }

  std::mt19937 random_;
  std::vector<FarmMachine> machines_;
  std::map<StepClass, std::size_t> added_;
  std::vector<std::pair<WantId, Requester>> wants_;
  std::uint32_t next_id_ = 100;
  std::int64_t last_bump_ = 1000;
};

TEST(WaitingReasons, RemovingWhatIsGivenMakesEveryBuildStart) {
  constexpr std::size_t kJobs = 10'000;
  ObstructedFarm obstructed(1, kJobs);
  std::size_t waited = 0;
  for (std::size_t i = 0; i < kJobs && !testing::Test::HasFatalFailure(); ++i) {
    const std::size_t job = i * 7919 % kJobs;
    SCOPED_TRACE("job " + std::to_string(job));
    const auto step = obstructed.farm.step_of(job);
    ASSERT_TRUE(step.has_value());
    if (!waiting_reason(obstructed.farm.plan(), obstructed.farm.fair(), *step)) continue;
    ++waited;
    obstructed.start(job, job);
  }
  EXPECT_GT(waited, 1000U);
  const auto seen = [&](const WaitingReason& kind) { return obstructed.kinds[kind.index()]; };
  EXPECT_GT(seen(waits::ForInputs{}), 100);
  EXPECT_GT(seen(waits::ForMachine{}), 0);
  EXPECT_GT(seen(waits::ForUsableMachine{}), 0);
  EXPECT_GT(seen(waits::ForTime{}), 10);
  EXPECT_GT(seen(waits::ForSlot{}), 500);
}

}  // namespace
}  // namespace grange
