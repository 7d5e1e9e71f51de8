#include "build/machine_builder.h"

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "build/remote_builder.h"

namespace grange {
namespace {

/// Says who made it.
class NamedBuilder final : public Builder {
 public:
  explicit NamedBuilder(
      std::string name, std::function<void()> action = [] {})
      : name_(std::move(name)), action_(std::move(action)) {}
  BuildResult build(const BuildRequest&, BuildObserver&, std::stop_token) override {
    action_();
    BuildResult result;
    result.outcome = Outcome::good;
    result.message = name_;
    return result;
  }

 private:
  std::string name_;
  std::function<void()> action_;
};

class DeafObserver final : public BuildObserver {
 public:
  void log(std::string_view) override {}
  void phase(std::string_view) override {}
};

class MachineBuilderTest : public testing::Test {
 protected:
  void start(std::string_view machines, unsigned local_jobs = 1) {
    MachineBuilderConfig config;
    config.here = {"a", {}, {"kvm"}, {}};
    config.local_jobs = local_jobs;
    config.machines = parse_machines(machines, "a");
    config.open = [this](const RemoteMachine& machine) -> std::unique_ptr<Builder> {
      const auto name = machine.store.authority;
      ++opened_;
      return std::make_unique<NamedBuilder>(name, [this, name] {
        if (const auto found = actions_.find(name); found != actions_.end()) found->second();
      });
    };
    builder_ = make_machine_builder(local_, clock_, std::move(config));
  }

  BuildResult build(const std::string& system, const std::string& features = "",
                    std::stop_token stop = {}, BuildPolicy::Mode mode = BuildPolicy::Mode::normal) {
    Derivation derivation;
    derivation.name = "made";
    derivation.system = system;
    derivation.builder = system == "builtin" ? "builtin:fetchurl" : "/bin/sh";
    const auto path = StorePath::parse(std::string(32, '0') + "-made");
    derivation.outputs.emplace("out", InputAddressedOutput{path});
    if (!features.empty()) derivation.environment["requiredSystemFeatures"] = features;
    BuildRequest request{StorePath::parse(std::string(32, '1') + "-made.drv"),
                         &derivation,
                         {{"out", path}},
                         {},
                         {},
                         {},
                         {}};
    request.policy.mode = mode;
    DeafObserver observer;
    return builder_->build(request, observer, std::move(stop));
  }

  FakeClock clock_;
  NamedBuilder local_{"here", [this] { at_home_(); }};
  std::function<void()> at_home_ = [] {};
  std::map<std::string, std::function<void()>> actions_;
  std::atomic<int> opened_ = 0;
  std::unique_ptr<Builder> builder_;
};

TEST_F(MachineBuilderTest, MakesHereWhatCanBeMadeHere) {
  start("ssh://other a,b");
  EXPECT_EQ(build("a").message, "here");
  EXPECT_EQ(opened_, 0);
  EXPECT_EQ(build("b").message, "other");
  EXPECT_EQ(build("builtin").message, "here");
}

TEST_F(MachineBuilderTest, MakesNothingHereWithoutJobsButItsOwnBuilders) {
  start("ssh://other a,b", 0);
  EXPECT_EQ(build("a").message, "other");
  EXPECT_EQ(build("builtin").message, "here");
}

TEST_F(MachineBuilderTest, GoesElsewhereWhenAllIsBusyHere) {
  start("ssh://other a");
  std::string inner;
  at_home_ = [&] { inner = build("a").message; };
  EXPECT_EQ(build("a").message, "here");
  EXPECT_EQ(inner, "other");
}

TEST_F(MachineBuilderTest, SaysWhyNobodyCanMakeIt) {
  start("ssh://other b - 1 1 rare rare");
  const auto result = build("c", "kvm");
  EXPECT_EQ(result.outcome, Outcome::unsupported);
  EXPECT_NE(result.message.find("it needs a 'c' with features {kvm}; this machine is a 'a'"),
            std::string::npos)
      << result.message;
  EXPECT_NE(result.message.find("'ssh://other' has {b} with features {rare}, of which {rare} must"),
            std::string::npos)
      << result.message;
  EXPECT_EQ(build("b").outcome, Outcome::unsupported) << "it does not ask for what is mandatory";
  EXPECT_EQ(build("b", "rare").message, "other");
  EXPECT_EQ(build("b", "rare", {}, BuildPolicy::Mode::check).outcome, Outcome::unsupported);
}

TEST_F(MachineBuilderTest, TriesTheNextMachineAndLeavesOneThatDoesNotAnswerAlone) {
  start("ssh://first b - 1 2; ssh://second b");
  int asked = 0;
  actions_["first"] = [&] {
    ++asked;
    throw MachineError("no answer");
  };
  EXPECT_EQ(build("b").message, "second");
  EXPECT_EQ(build("b").message, "second");
  EXPECT_EQ(asked, 1) << "it rests";
  clock_.advance(std::chrono::seconds(11));
  EXPECT_EQ(build("b").message, "second");
  EXPECT_EQ(asked, 2);
  clock_.advance(std::chrono::seconds(11));
  build("b");
  EXPECT_EQ(asked, 2) << "longer each time";
  clock_.advance(std::chrono::seconds(10));
  actions_.erase("first");
  EXPECT_EQ(build("b").message, "first");
}

TEST_F(MachineBuilderTest, SaysWhenNobodyAnswers) {
  start("ssh://first b");
  actions_["first"] = [] { throw MachineError("no route"); };
  for (int i = 0; i < 2; ++i) {
    try {
      build("b");
      FAIL();
    } catch (const UnavailableError& error) {
      EXPECT_NE(std::string(error.what()).find("no machine that could make"), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("no route"), std::string::npos);
    }
  }
}

TEST_F(MachineBuilderTest, WaitsForAFreeSlotAndCanBeStopped) {
  start("ssh://other b");
  std::stop_source stop;
  actions_["other"] = [&] {
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_THROW(build("b", "", stop.get_token()), CancelledError);
  };
  EXPECT_EQ(build("b").message, "other");
  actions_.erase("other");
  std::jthread waiter;
  actions_["other"] = [&, once = true]() mutable {
    if (std::exchange(once, false)) {
      waiter = std::jthread([&] { EXPECT_EQ(build("b").message, "other"); });
    }
  };
  EXPECT_EQ(build("b").message, "other");
}

}  // namespace
}  // namespace grange
