#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "plan/plan.h"
#include "plan/test_graph.h"

namespace grange {

using Names = TestGraph::Names;

inline BuildResult result_of(Outcome outcome, std::string message = "") {
  BuildResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

/// A plan over a test graph, whose decisions are read as short texts: "query foo", "attempt foo".
class PlanTest : public testing::Test {
 protected:
  void begin(Plan::Options options = {.slots = 100, .keep_going = true},
             Plan::Ranking ranking = nullptr) {
    graph_.emplace(tests_.load());
    plan_.emplace(*graph_, options, std::move(ranking));
  }

  WantId want(std::size_t number, Names outputs = {}, StepLimits limits = {},
              BuildPolicy policy = {}) {
    return plan_->want(tests_.index(*graph_, number), std::move(outputs), policy, limits);
  }

  std::string name(DerivationIndex index) const {
    return std::string(graph_->path(index).derivation_name());
  }

  std::vector<std::string> take() {
    std::vector<std::string> texts;
    for (auto& decision : plan_->take_decisions()) {
      if (const auto* query = std::get_if<Plan::Query>(&decision)) {
        texts.push_back("query " + name(query->recipe));
        steps_.insert_or_assign(name(query->recipe), query->step);
        queries_.insert_or_assign(name(query->recipe), *query);
      } else if (const auto* resolve = std::get_if<Plan::Resolve>(&decision)) {
        texts.push_back("resolve " + name(resolve->recipe));
        steps_.insert_or_assign(name(resolve->recipe), resolve->step);
      } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
        texts.push_back("attempt " + name(attempt->recipe));
        steps_.insert_or_assign(name(attempt->recipe), attempt->step);
        attempts_.insert_or_assign(name(attempt->recipe), *attempt);
      } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
        texts.push_back("cancel " + std::to_string(static_cast<int>(cancel->step)));
      } else {
        const auto& finished = std::get<Plan::Finished>(decision);
        texts.push_back(std::to_string(static_cast<int>(finished.want)) + " " +
                        std::string(to_string(finished.outcome)));
        finished_.insert_or_assign(finished.want, finished);
      }
    }
    return texts;
  }

  StepId step(const std::string& of) const { return steps_.at(of); }
  void absent(const std::string& of) { plan_->presence(step(of), false); }
  void present(const std::string& of) { plan_->presence(step(of), true); }
  /// Answers Resolve: it comes to an output set that is known by a digit.
  void comes_to(const std::string& of, char digit, const Names& there = {}) {
    plan_->resolved(step(of), OutputSetId::parse(std::string(64, digit)), there);
  }
  void ends(const std::string& of, Outcome outcome, std::string message = "") {
    plan_->finished(step(of), result_of(outcome, std::move(message)));
  }
  const Plan::Finished& finished(int want) const { return finished_.at(WantId(want)); }
  Names failed_inputs(int want) const {
    Names names;
    for (const auto index : finished(want).failed_inputs) names.push_back(name(index));
    return names;
  }

  TestGraph tests_;
  std::optional<DerivationGraph> graph_;
  std::optional<Plan> plan_;
  std::map<std::string, StepId> steps_;
  std::map<std::string, Plan::Query> queries_;
  std::map<std::string, Plan::Attempt> attempts_;
  std::map<WantId, Plan::Finished> finished_;
};

}  // namespace grange
