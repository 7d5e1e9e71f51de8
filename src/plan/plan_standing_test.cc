#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "plan/plan_test_fixture.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// Starts everything at once, or nothing, and keeps what it is told.
class RecordedSteps final : public ReadySteps {
 public:
  struct Told {
    DerivationIndex recipe;
    std::vector<Requester> interest;
    double path;
    std::uint32_t age;
    bool running = false;
  };
  void add(const ReadyStep& step) override { tell(step); }
  void change(const ReadyStep& step) override {
    ASSERT_TRUE(told.contains(step.step));
    ++changes;
    tell(step);
  }
  void remove(StepId step) override {
    ASSERT_FALSE(told.at(step).running);
    told.erase(step);
  }
  std::optional<StepId> take() override {
    for (auto& [step, of] : told) {
      if (of.running || !open) continue;
      of.running = true;
      return step;
    }
    return std::nullopt;
  }
  void ended(StepId step) override { ASSERT_EQ(told.erase(step), 1U); }
  std::optional<StepId> drop() override {
    const auto step = std::find_if(told.begin(), told.end(),
                                   [](const auto& entry) { return !entry.second.running; });
    if (step == told.end()) return std::nullopt;
    const StepId id = step->first;
    told.erase(step);
    return id;
  }

  bool open = true;
  std::map<StepId, Told> told;
  int changes = 0;

 private:
  void tell(const ReadyStep& step) {
    Told of{step.recipe, {step.interest.begin(), step.interest.end()}, step.path, step.age};
    if (const auto known = told.find(step.step); known != told.end()) {
      of.running = known->second.running;
    }
    told.insert_or_assign(step.step, std::move(of));
  }
};

class PlanStandingTest : public PlanTest {
 protected:
  void begin_ranked(std::map<std::string, double> seconds = {}) {
    graph_.emplace(tests_.load());
    Plan::Options options;
    options.ready = &ready_;
    if (!seconds.empty()) {
      options.expected_seconds = [this, seconds](DerivationIndex index) {
        return seconds.at(name(index));
      };
    }
    plan_.emplace(*graph_, options);
  }
  WantId want_for(std::size_t number, const Requester& requester) {
    return plan_->want(tests_.index(*graph_, number), {}, {}, {}, requester);
  }
  /// Until nothing is asked: nothing is there.
  std::vector<std::string> take_all() {
    std::vector<std::string> all;
    for (;;) {
      const auto texts = take();
      std::vector<StepId> asked;
      for (const auto& text : texts) {
        if (text.starts_with("query ")) {
          asked.push_back(step(text.substr(6)));
        } else {
          all.push_back(text);
        }
      }
      if (asked.empty()) return all;
      for (const auto query : asked) plan_->presence(query, false);
    }
  }
  std::vector<Requester> interest(const std::string& of) const {
    const auto span = plan_->view(step(of)).interest;
    return {span.begin(), span.end()};
  }

  RecordedSteps ready_;
};

TEST_F(PlanStandingTest, InterestReachesWhatIsBelowAndLeavesWithTheWant) {
  const auto shared = tests_.input_addressed("shared", {});
  const auto one = tests_.input_addressed("one", {{shared}});
  const auto two = tests_.input_addressed("two", {{shared}});
  begin_ranked();
  want_for(one, {1, 0, 5});
  const auto second = want_for(two, {2, 0, 3});
  EXPECT_THAT(take_all(), ElementsAre("attempt shared"));
  EXPECT_THAT(interest("shared"), ElementsAre(Requester{1, 0, 5}, Requester{2, 0, 3}));
  plan_->withdraw(second);
  take_all();
  EXPECT_THAT(interest("shared"), ElementsAre(Requester{1, 0, 5}));
  EXPECT_EQ(ready_.told.at(step("shared")).interest, interest("shared"))
      << "also of what runs it is told";
}

TEST_F(PlanStandingTest, ChangesReachWhatIsBelowInBothDirections) {
  const auto bottom = tests_.input_addressed("bottom", {});
  const auto middle = tests_.input_addressed("middle", {{bottom}});
  const auto top = tests_.input_addressed("top", {{middle}});
  begin_ranked();
  ready_.open = false;
  const auto first = want_for(top, {1, 0, 5});
  want_for(middle, {1, 0, 1});
  take_all();
  EXPECT_THAT(interest("bottom"), ElementsAre(Requester{1, 0, 5}));
  plan_->change(first, {1, 42, -3});
  take_all();
  EXPECT_THAT(interest("bottom"), ElementsAre(Requester{1, 42, 1}));
  plan_->change(first, {1, 0, -3});
  take_all();
  EXPECT_THAT(interest("bottom"), ElementsAre(Requester{1, 0, 1}));
  EXPECT_EQ(ready_.told.at(step("bottom")).interest, interest("bottom"));
}

TEST_F(PlanStandingTest, ThePathIsTheLongestChainThatWaits) {
  const auto bottom = tests_.input_addressed("bottom", {});
  const auto other = tests_.input_addressed("other", {});
  const auto slow = tests_.input_addressed("slow", {{bottom}});
  const auto quick = tests_.input_addressed("quick", {{bottom}, {other}});
  const auto top = tests_.input_addressed("top", {{slow}, {quick}});
  begin_ranked({{"bottom", 1}, {"other", 2}, {"slow", 100}, {"quick", 10}, {"top", 1000}});
  ready_.open = false;
  want_for(quick, {});
  take_all();
  EXPECT_EQ(plan_->view(step("bottom")).path, 11);
  const auto all = want_for(top, {});
  take_all();
  EXPECT_EQ(plan_->view(step("bottom")).path, 1101);
  EXPECT_EQ(plan_->view(step("other")).path, 1012);
  plan_->withdraw(all);
  take_all();
  EXPECT_EQ(plan_->view(step("bottom")).path, 11);
}

TEST_F(PlanStandingTest, WhatWaitsInACircleKeepsNoInterestOfThoseWhoLeft) {
  const auto plain = tests_.fixed("tarball", "content");
  const auto fetcher = tests_.input_addressed("fetcher", {{plain}});
  const auto fetched = tests_.fixed("tarball", "content", {{fetcher}});
  const auto busy = tests_.input_addressed("busy", {});
  begin_ranked({{"tarball", 1}, {"fetcher", 1}, {"busy", 1}});
  want_for(busy, {9, 0, 0});
  const auto first = want_for(fetched, {1, 0, 0});
  const auto second = want_for(fetched, {2, 0, 0});  // its recipe goes first now
  EXPECT_THAT(take_all(), ElementsAre("attempt busy"));
  EXPECT_EQ(plan_->view(step("fetcher")).doing, Plan::View::Doing::waits_for_inputs);
  EXPECT_THAT(plan_->view(step("tarball")).inputs, ElementsAre(step("fetcher")));
  const auto both = ElementsAre(Requester{1, 0, 0}, Requester{2, 0, 0});
  EXPECT_THAT(interest("tarball"), both);
  EXPECT_THAT(interest("fetcher"), both);
  EXPECT_LE(plan_->view(step("tarball")).path, 2) << "a circle is no endless chain";
  plan_->withdraw(first);
  take_all();
  EXPECT_THAT(interest("tarball"), ElementsAre(Requester{2, 0, 0}));
  EXPECT_THAT(interest("fetcher"), ElementsAre(Requester{2, 0, 0}));
  plan_->withdraw(second);
  take_all();
  EXPECT_THAT(interest("tarball"), IsEmpty());
  ends("busy", Outcome::good);
  take_all();
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanStandingTest, WhereNoSlotFitsNothingStartsAndNothingIsUntangled) {
  const auto one = tests_.input_addressed("one", {});
  const auto two = tests_.input_addressed("two", {{one}});
  begin_ranked();
  ready_.open = false;
  const auto asked = want_for(two, {1, 0, 0});
  EXPECT_THAT(take_all(), IsEmpty());
  EXPECT_EQ(plan_->view(step("one")).doing, Plan::View::Doing::ready);
  EXPECT_FALSE(plan_->idle());
  ready_.open = true;
  EXPECT_THAT(take_all(), ElementsAre("attempt one")) << "it looks again";
  EXPECT_EQ(plan_->view(step("one")).doing, Plan::View::Doing::running);
  EXPECT_EQ(plan_->step_of(asked), step("two"));
  ends("one", Outcome::good);
  take_all();
  EXPECT_EQ(plan_->view(step("one")).doing, Plan::View::Doing::nothing);
  EXPECT_THAT(ready_.told, testing::SizeIs(1));
}

TEST_F(PlanStandingTest, WhatIsReadyAndNeededNoMoreIsToldOf) {
  const auto one = tests_.input_addressed("one", {});
  begin_ranked();
  ready_.open = false;
  const auto asked = want_for(one, {1, 0, 0});
  take_all();
  EXPECT_THAT(ready_.told, testing::SizeIs(1));
  plan_->withdraw(asked);
  take_all();
  EXPECT_THAT(ready_.told, IsEmpty());
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanStandingTest, WithoutKeepGoingWhatIsReadyIsGivenUpWhateverTheSlots) {
  const auto one = tests_.input_addressed("one", {});
  const auto two = tests_.input_addressed("two", {});
  graph_.emplace(tests_.load());
  Plan::Options options;
  options.ready = &ready_;
  options.keep_going = false;
  plan_.emplace(*graph_, options);
  want_for(one, {1, 0, 0});
  take_all();
  ready_.open = false;
  want_for(two, {2, 0, 0});
  take_all();
  ends("one", Outcome::failed);
  EXPECT_THAT(take_all(), UnorderedElementsAre("0 failed", "1 aborted"));
  EXPECT_THAT(ready_.told, IsEmpty());
}

/// What the plan says of every step is what a slow model says, that only knows who asked for what
/// and what has ended.
class StandingModel {
 public:
  explicit StandingModel(unsigned seed) : random_(seed) {
    for (std::size_t i = 0; i < 4 + seed % 30; ++i) {
      std::vector<TestGraph::Input> inputs;
      std::set<std::size_t> used;
      for (std::size_t n = below(4); n > 0 && i > 0; --n) used.insert(below(i));
      for (const auto input : used) inputs.push_back({input});
      nodes_.push_back({{used.begin(), used.end()}, 1.0 + static_cast<double>(below(9))});
      tests_.input_addressed("n" + std::to_string(i), inputs);
    }
    graph_.emplace(tests_.load());
    for (std::size_t i = 0; i < nodes_.size(); ++i) numbers_[tests_.index(*graph_, i)] = i;
    Plan::Options options;
    options.ready = &ready_;
    options.expected_seconds = [this](DerivationIndex index) {
      return nodes_[numbers_.at(index)].seconds;
    };
    plan_.emplace(*graph_, options);
  }

  void run() {
    for (int round = 0; round < 60 && !testing::Test::HasFatalFailure(); ++round) {
      for (std::size_t events = 1 + below(3); events > 0; --events) event();
      settle();
      check();
    }
  }

 private:
  struct Node {
    std::vector<std::size_t> inputs;
    double seconds;
    enum class State { open, made, failed } state = State::open;
    std::optional<StepId> step{};
  };
  struct Want {
    std::size_t node;
    Requester requester;
    bool open = true;
  };

  std::size_t below(std::size_t end) { return random_() % end; }
  Requester someone() {
    return {static_cast<std::uint32_t>(below(4)),
            below(3) == 0 ? static_cast<int>(1 + below(2)) : 0, static_cast<int>(below(3))};
  }

  void event() {
    const auto kind = below(10);
    if (kind < 4 || wants_.empty()) {
      const Want want{below(nodes_.size()), someone()};
      wants_.push_back(want);
      plan_->want(tests_.index(*graph_, want.node), {}, {}, {}, want.requester);
    } else if (kind < 6) {
      ready_.open = below(3) != 0;
      end_one();
    } else {
      const std::size_t index = below(wants_.size());
      if (!wants_[index].open) return;
      if (kind < 8) {
        wants_[index].requester = someone();
        plan_->change(WantId(index), wants_[index].requester);
      } else {
        wants_[index].open = false;
        plan_->withdraw(WantId(index));
      }
    }
  }

  void end_one() {
    std::vector<StepId> running;
    for (const auto& [step, told] : ready_.told) {
      if (told.running) running.push_back(step);
    }
    if (running.empty()) return;
    const StepId step = running[below(running.size())];
    auto& node = nodes_[numbers_.at(ready_.told.at(step).recipe)];
    const bool good = below(5) != 0;
    node.state = good ? Node::State::made : Node::State::failed;
    plan_->finished(step, result_of(good ? Outcome::good : Outcome::failed));
  }

  void settle() {
    for (bool asked = true; asked;) {
      asked = false;
      for (const auto& decision : plan_->take_decisions()) {
        if (const auto* query = std::get_if<Plan::Query>(&decision)) {
          nodes_[numbers_.at(query->recipe)].step = query->step;
          plan_->presence(query->step, false);
          asked = true;
        } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
          plan_->finished(cancel->step, result_of(Outcome::aborted));
          asked = true;
        } else if (const auto* finished = std::get_if<Plan::Finished>(&decision)) {
          wants_[static_cast<std::size_t>(finished->want)].open = false;
        }
      }
    }
    for (auto& node : nodes_) {  // inputs come first
      const auto is = [&](Node::State state) {
        return [this, state](std::size_t input) { return nodes_[input].state == state; };
      };
      if (node.state != Node::State::open || !node.step) continue;
      const bool any_failed =
          std::any_of(node.inputs.begin(), node.inputs.end(), is(Node::State::failed));
      const bool any_open =
          std::any_of(node.inputs.begin(), node.inputs.end(), is(Node::State::open));
      if (any_failed && !any_open) node.state = Node::State::failed;
    }
  }

  void check() {
    std::vector<std::map<std::uint32_t, Requester>> interest(nodes_.size());
    std::vector<double> path(nodes_.size(), 0);
    std::vector<std::uint32_t> age(nodes_.size(), ~0U);
    const auto join = [&](std::size_t node, const Requester& requester) {
      auto& into = interest[node].try_emplace(requester.requester, requester).first->second;
      into.bump = std::max(into.bump, requester.bump);
      into.priority = std::max(into.priority, requester.priority);
    };
    for (std::size_t index = 0; index < wants_.size(); ++index) {
      const auto& want = wants_[index];
      if (!want.open) continue;
      join(want.node, want.requester);
      age[want.node] = std::min(age[want.node], static_cast<std::uint32_t>(index));
    }
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      if (nodes_[i].state != Node::State::open || interest[i].empty()) continue;
      path[i] += nodes_[i].seconds;
      for (const auto input : nodes_[i].inputs) {
        for (const auto& [number, requester] : interest[i]) join(input, requester);
        path[input] = std::max(path[input], path[i]);
        age[input] = std::min(age[input], age[i]);
      }
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto& node = nodes_[i];
      if (node.state != Node::State::open || interest[i].empty()) continue;
      SCOPED_TRACE("node " + std::to_string(i));
      std::vector<Requester> expected;
      for (const auto& [number, requester] : interest[i]) expected.push_back(requester);
      ASSERT_TRUE(node.step.has_value());
      const auto view = plan_->view(*node.step);
      ASSERT_EQ(std::vector<Requester>(view.interest.begin(), view.interest.end()), expected);
      ASSERT_EQ(view.path, path[i]);
      ASSERT_EQ(view.age, age[i]);
      const auto told = ready_.told.find(*node.step);
      if (told == ready_.told.end()) continue;
      ASSERT_EQ(told->second.interest, expected);
      ASSERT_EQ(told->second.path, path[i]);
      ASSERT_EQ(told->second.age, age[i]);
    }
  }

  std::mt19937 random_;
  TestGraph tests_;
  std::optional<DerivationGraph> graph_;
  RecordedSteps ready_;
  std::vector<Node> nodes_;
  std::map<DerivationIndex, std::size_t> numbers_;
  std::vector<Want> wants_;
  std::optional<Plan> plan_;
};

TEST(PlanStandingModel, IsWhatASlowModelSays) {
  for (unsigned seed = 0; seed < 500 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StandingModel model(seed);
    model.run();
  }
}

}  // namespace
}  // namespace grange
