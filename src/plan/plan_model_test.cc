#include "plan/plan_model.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

/// Owns a plan over a random package set: answers its decisions in random order, keeps the books,
/// and checks each decision against them.
class Owner {
 public:
  struct Habits {
    unsigned slots = 4;
    int withdraw_in_100 = 0;
    int late_wants_in_100 = 0;
    bool keep_going = true;
  };

  Owner(PlanModel& model, const Habits& habits)
      : model_(model),
        habits_(habits),
        graph_(model.graph.load()),
        plan_(graph_, {.slots = habits.slots, .keep_going = habits.keep_going}),
        there_(model.present) {
    for (std::size_t i = 0; i < model.nodes().size(); ++i) {
      nodes_[model.graph.index(graph_, model.nodes()[i].number)] = i;
    }
  }

  struct Want {
    std::size_t node;
    std::vector<std::string> outputs;
    bool withdrawn = false;
    std::optional<Plan::Finished> finished{};
  };

  void add_recipe(std::size_t node) {
    model_.learn(node);
    plan_.add_recipe(index_of(node));
  }

  void want_something() {
    const std::size_t node = model_.below(model_.nodes().size());
    model_.learn(node);
    const auto& outputs = model_.nodes()[node].outputs;
    Want want{node, outputs};
    if (model_.chance(50)) want.outputs = {outputs[model_.below(outputs.size())]};
    const WantId id = plan_.want(index_of(node), want.outputs, {}, {});
    ASSERT_EQ(static_cast<std::size_t>(id), wants_.size());
    wants_.push_back(want);
    log_ += "want " + std::to_string(node) + "\n";
  }

  /// Until every want has come to an end.
  void run() {
    for (int rounds = 0; !testing::Test::HasFatalFailure(); ++rounds) {
      ASSERT_LT(rounds, 5000) << "it never comes to an end";
      take();
      if (open_.empty()) break;
      do {
        answer();
      } while (!open_.empty() && model_.chance(30));
      if (model_.chance(habits_.late_wants_in_100)) want_something();
      if (model_.chance(habits_.withdraw_in_100)) withdraw_something();
    }
    EXPECT_TRUE(plan_.idle());
    EXPECT_EQ(plan_.counts().running, 0U);
    EXPECT_EQ(plan_.counts().waiting, 0U);
    for (const auto& want : wants_) EXPECT_NE(want.withdrawn, want.finished.has_value());
  }

  const std::vector<Want>& wants() const { return wants_; }
  const std::string& log() const { return log_; }
  bool is_there(const std::string& promise, const std::string& output) const {
    return there_.contains({promise, output});
  }
  std::size_t node_of(DerivationIndex index) const { return nodes_.at(index); }
  bool was_made(const std::string& promise) const { return made_.contains(promise); }

 private:
  struct Open {
    StepId step;
    std::size_t node;
    std::vector<std::string> outputs;
    bool attempt;
    bool cancelled = false;
  };

  DerivationIndex index_of(std::size_t node) const {
    return model_.graph.index(graph_, model_.nodes()[node].number);
  }

  void take() {
    for (auto& decision : plan_.take_decisions()) {
      if (const auto* query = std::get_if<Plan::Query>(&decision)) {
        const std::size_t node = nodes_.at(query->recipe);
        log_ += "query " + std::to_string(node) + "\n";
        EXPECT_FALSE(query->outputs.empty());
        open_.push_back({query->step, node, query->outputs, false});
      } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
        check_attempt(*attempt);
      } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
        log_ += "cancel " + std::to_string(static_cast<int>(cancel->step)) + "\n";
        for (auto& open : open_) {
          if (open.attempt && open.step == cancel->step) open.cancelled = true;
        }
      } else {
        check_finished(std::get<Plan::Finished>(decision));
      }
    }
  }

  void check_attempt(const Plan::Attempt& attempt) {
    const std::size_t index = nodes_.at(attempt.recipe);
    const auto& node = model_.nodes()[index];
    log_ += "attempt " + std::to_string(index) + "\n";
    EXPECT_LT(running_++, habits_.slots);
    EXPECT_FALSE(node.broken || node.unverified);
    EXPECT_TRUE(model_.known[index]);
    EXPECT_TRUE(tried_.insert(index).second) << "each recipe is attempted once";
    EXPECT_FALSE(made_.contains(node.promise));
    bool all_there = true;
    for (const auto& output : attempt.outputs) all_there &= is_there(node.promise, output);
    EXPECT_FALSE(all_there) << "what is there is not attempted";
    for (const auto& input : node.inputs) {
      for (const auto& output : input.outputs) {
        EXPECT_TRUE(is_there(model_.nodes()[input.derivation].promise, output))
            << "node " << index << " needs " << output << " of node " << input.derivation;
      }
    }
    for (const auto& open : open_) EXPECT_FALSE(open.attempt && open.step == attempt.step);
    open_.push_back({attempt.step, index, attempt.outputs, true});
  }

  void check_finished(const Plan::Finished& finished) {
    auto& want = wants_.at(static_cast<std::size_t>(finished.want));
    log_ += "finished " + std::to_string(static_cast<int>(finished.want)) + " " +
            std::string(to_string(finished.outcome)) + "\n";
    EXPECT_FALSE(want.withdrawn);
    EXPECT_FALSE(want.finished.has_value()) << "a want finishes once";
    want.finished = finished;
    const auto& promise = model_.nodes()[want.node].promise;
    if (finished.outcome == Outcome::good) {
      for (const auto& output : want.outputs) EXPECT_TRUE(is_there(promise, output));
      EXPECT_EQ(finished.made, was_made(promise));
    } else {
      EXPECT_FALSE(finished.message.empty());
      EXPECT_FALSE(finished.made);
    }
  }

  void answer() {
    const auto at = open_.begin() + static_cast<std::ptrdiff_t>(model_.below(open_.size()));
    const Open open = *at;
    open_.erase(at);
    const auto& node = model_.nodes()[open.node];
    if (!open.attempt) {
      std::vector<std::string> present;
      for (const auto& output : open.outputs) {
        if (is_there(node.promise, output)) present.push_back(output);
      }
      plan_.presence(open.step, present);
      return;
    }
    --running_;
    BuildResult result;
    result.outcome = node.attempt;
    result.message = "because";
    if (open.cancelled && model_.chance(70)) {
      result.outcome = Outcome::aborted;
      tried_.erase(open.node);
    }
    if (result.outcome == Outcome::good) {
      made_.insert(node.promise);
      for (const auto& output : node.outputs) there_.insert({node.promise, output});
    }
    plan_.finished(open.step, result);
  }

  void withdraw_something() {
    const std::size_t index = model_.below(wants_.size());
    auto& want = wants_[index];
    if (want.finished || want.withdrawn) return;
    want.withdrawn = true;
    plan_.withdraw(WantId(index));
    log_ += "withdraw " + std::to_string(index) + "\n";
  }

  PlanModel& model_;
  Habits habits_;
  DerivationGraph graph_;
  Plan plan_;
  std::map<DerivationIndex, std::size_t> nodes_;
  std::vector<Want> wants_;
  std::vector<Open> open_;
  std::set<PlanModel::Output> there_;
  std::set<std::string> made_;
  std::set<std::size_t> tried_;
  unsigned running_ = 0;
  std::string log_;
};

void check_outcomes(PlanModel& model, const Owner& owner) {
  model.work_out();
  for (const auto& want : owner.wants()) {
    if (want.withdrawn) continue;
    const auto possible = model.outcomes(want.node, want.outputs);
    ASSERT_TRUE(possible.contains(want.finished->outcome))
        << owner.log() << model.show() << "want of node " << want.node << " came to "
        << to_string(want.finished->outcome) << ", not to " << to_string(*possible.begin());
    if (want.finished->outcome != Outcome::dependency_failed) continue;
    EXPECT_FALSE(want.finished->failed_inputs.empty());
    for (const auto failed : want.finished->failed_inputs) {
      EXPECT_TRUE(model.fails_itself(owner.node_of(failed)));
    }
  }
}

TEST(PlanModel, ComesToWhatASlowModelSays) {
  for (unsigned seed = 0; seed < 2000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PlanModel::Traits traits;
    traits.nodes = 5 + static_cast<int>(seed % 30);
    traits.failing_in_100 = seed % 3 == 0 ? 50 : 15;
    traits.contents = 2 + static_cast<int>(seed % 7);
    traits.present_in_100 = seed % 5 == 0 ? 0 : 25;
    PlanModel model(traits, seed);
    Owner owner(model, {.slots = 1 + seed % 5});
    for (std::size_t wants = 1 + model.below(5); wants > 0; --wants) owner.want_something();
    owner.run();
    check_outcomes(model, owner);
  }
}

TEST(PlanModel, WithdrawingOrAskingLateChangesNothingForOthers) {
  for (unsigned seed = 0; seed < 2000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PlanModel::Traits traits;
    traits.nodes = 5 + static_cast<int>(seed % 30);
    PlanModel model(traits, seed);
    Owner owner(model, {.slots = 1 + seed % 3, .withdraw_in_100 = 25, .late_wants_in_100 = 30});
    // All recipes are known from the start: what has failed without one is not told again.
    for (std::size_t node = 0; node < model.nodes().size(); ++node) owner.add_recipe(node);
    owner.want_something();
    owner.want_something();
    owner.run();
    check_outcomes(model, owner);
  }
}

TEST(PlanModel, AbortedAttemptsDecideNothing) {
  for (unsigned seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PlanModel::Traits traits;
    traits.nodes = 5 + static_cast<int>(seed % 30);
    traits.contents = 0;
    traits.aborting_in_100 = 20;
    PlanModel model(traits, seed);
    Owner owner(model, {});
    for (std::size_t wants = 1 + model.below(5); wants > 0; --wants) owner.want_something();
    owner.run();
    check_outcomes(model, owner);
  }
}

TEST(PlanModel, WithoutKeepGoingAllWantsComeToAnEnd) {
  for (unsigned seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PlanModel model({}, seed);
    Owner owner(model, {.slots = 1 + seed % 3, .late_wants_in_100 = 20, .keep_going = false});
    for (std::size_t node = 0; node < model.nodes().size(); ++node) owner.add_recipe(node);
    for (std::size_t wants = 1 + model.below(5); wants > 0; --wants) owner.want_something();
    owner.run();
    model.work_out();
    for (const auto& want : owner.wants()) {
      auto possible = model.outcomes(want.node, want.outputs);
      possible.insert(Outcome::aborted);
      if (want.finished->outcome != Outcome::dependency_failed) {
        EXPECT_TRUE(possible.contains(want.finished->outcome));
      }
    }
  }
}

TEST(PlanModel, EqualEventsGiveEqualDecisions) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::string logs[2];
    for (auto& log : logs) {
      PlanModel model({}, seed);
      Owner owner(model, {.slots = 3, .withdraw_in_100 = 10, .late_wants_in_100 = 20});
      for (int wants = 0; wants < 4; ++wants) owner.want_something();
      owner.run();
      log = owner.log();
    }
    ASSERT_EQ(logs[0], logs[1]);
  }
}

}  // namespace
}  // namespace grange
