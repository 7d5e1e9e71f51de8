#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "plan/test_graph.h"

namespace grange {

/// A random package set and what would come of building it, told in the slowest and most obvious
/// way: from names and contents alone, by repeating until nothing changes. Knows nothing of steps,
/// output set ids or the graph.
class PlanModel {
 public:
  struct Traits {
    int nodes = 30;
    int fixed_in_100 = 35;
    int contents = 6;  ///< how many different fixed outputs there are; 0: each has one recipe
    int rewritten_in_100 = 10;
    int broken_in_100 = 2;
    int failing_in_100 = 15;
    int aborting_in_100 = 0;
    int present_in_100 = 25;
  };

  struct Node {
    std::size_t number = 0;  ///< in the TestGraph
    bool fixed = false;
    bool broken = false;      ///< its file is missing or malformed
    bool unverified = false;  ///< something below it is
    std::string promise;      ///< equal: equivalent
    std::vector<std::string> outputs{"out"};
    std::vector<TestGraph::Input> inputs;  ///< by node
    Outcome attempt = Outcome::good;
  };

  PlanModel(const Traits& traits, unsigned seed) : random_(seed) {
    for (int i = 0; i < traits.nodes; ++i) add_node(traits);
    for (auto& node : nodes_) {
      if (!node.broken && !node.unverified && chance(traits.present_in_100)) {
        for (const auto& output : node.outputs) {
          if (chance(75)) present.insert({node.promise, output});
        }
      }
    }
    known.assign(nodes_.size(), false);
  }

  using Output = std::pair<std::string, std::string>;  ///< promise, name
  TestGraph graph;
  std::set<Output> present;  ///< before anything is built
  std::vector<bool> known;   ///< which nodes are asked for, or below one that is: see learn

  const std::vector<Node>& nodes() const { return nodes_; }
  std::mt19937& random() { return random_; }
  bool chance(int in_100) { return static_cast<int>(random_() % 100) < in_100; }
  std::size_t below(std::size_t end) { return random_() % end; }

  /// For reading failed tests.
  std::string show() const {
    std::string text;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto& node = nodes_[i];
      text += "node " + std::to_string(i) + " " + node.promise + " " +
              std::string(to_string(node.attempt)) + (node.broken ? " broken" : "") +
              (node.unverified ? " unverified" : "") + (known[i] ? "" : " unknown") + ":";
      for (const auto& input : node.inputs) {
        text += " " + std::to_string(input.derivation) + "^";
        for (const auto& output : input.outputs) text += output + ",";
      }
      text += "\n";
    }
    for (const auto& [promise, output] : present)
      text += "present " + promise + "^" + output + "\n";
    return text;
  }

  void learn(std::size_t node) {
    if (known[node]) return;
    known[node] = true;
    if (nodes_[node].broken) return;  // nobody can read what it needs
    for (const auto& input : nodes_[node].inputs) learn(input.derivation);
  }

  /// Which promises could be made, were they all asked for. Call when all is known that will be.
  void work_out() {
    makeable_.clear();
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& node : nodes_) {
        if (makeable_.contains(node.promise) || !is_candidate(node)) continue;
        if (node.attempt != Outcome::good || !inputs_good(node)) continue;
        makeable_.insert(node.promise);
        changed = true;
      }
    }
  }

  bool is_good(const std::string& promise, const std::vector<std::string>& outputs) const {
    if (makeable_.contains(promise)) return true;
    return std::all_of(outputs.begin(), outputs.end(), [&](const std::string& output) {
      return present.contains({promise, output});
    });
  }

  /// What a want may finish with.
  std::set<Outcome> outcomes(std::size_t index, const std::vector<std::string>& outputs) const {
    const Node& node = nodes_[index];
    if (node.broken) return {Outcome::unsupported};
    if (node.unverified) return {Outcome::dependency_failed};
    if (is_good(node.promise, outputs)) return {Outcome::good};
    std::set<Outcome> tried;
    std::set<Outcome> through_inputs;
    for (const auto& recipe : nodes_) {
      if (recipe.promise != node.promise || !is_candidate(recipe)) continue;
      if (inputs_good(recipe)) {
        tried.insert(recipe.attempt);
      } else {
        through_inputs.insert(through_inputs_of(recipe));
      }
    }
    return tried.empty() ? through_inputs : tried;
  }

  /// Has it failed by an attempt at it, or because nobody can read it?
  bool fails_itself(std::size_t index) const {
    const Node& node = nodes_[index];
    if (node.broken) return true;
    return is_candidate(node) && node.attempt != Outcome::good && inputs_good(node);
  }

 private:
  bool is_candidate(const Node& node) const {
    const auto index = static_cast<std::size_t>(&node - nodes_.data());
    return known[index] && !node.broken && !node.unverified;
  }

  bool inputs_good(const Node& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](const auto& input) {
      return is_good(nodes_[input.derivation].promise, input.outputs);
    });
  }

  /// An input that failed decides; otherwise one was aborted. Only for sets without fixed outputs
  /// of several recipes may there be aborting ones.
  Outcome through_inputs_of(const Node& node) const {
    if (!aborting_) return Outcome::dependency_failed;
    for (const auto& input : node.inputs) {
      if (is_good(nodes_[input.derivation].promise, input.outputs)) continue;
      if (!outcomes(input.derivation, input.outputs).contains(Outcome::aborted)) {
        return Outcome::dependency_failed;
      }
    }
    return Outcome::aborted;
  }

  void add_node(const Traits& traits) {
    Node node;
    if (!nodes_.empty() && chance(traits.rewritten_in_100) && add_rewritten(traits)) return;
    std::set<std::size_t> used;
    for (std::size_t count = below(4); count > 0 && !nodes_.empty(); --count) {
      // Near ones more often, so that chains grow long.
      const std::size_t back = std::min(1 + below(nodes_.size()), 1 + below(nodes_.size()));
      const std::size_t input = nodes_.size() - back;
      if (used.insert(input).second) node.inputs.push_back({input, some(nodes_[input].outputs)});
    }
    node.fixed = chance(traits.fixed_in_100);
    if (!node.fixed && chance(40)) node.outputs = {"dev", "out"};
    finish(std::move(node), "p" + std::to_string(nodes_.size()), traits);
  }

  /// One with equivalent inputs in place of its own, where there are some.
  bool add_rewritten(const Traits& traits) {
    const std::size_t index = below(nodes_.size());
    const Node& old = nodes_[index];
    if (old.fixed || old.broken || old.unverified) return false;
    Node node;
    node.outputs = old.outputs;
    node.inputs = old.inputs;
    for (auto& input : node.inputs) {
      std::vector<std::size_t> others;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const bool same = nodes_[i].promise == nodes_[input.derivation].promise;
        if (same && !nodes_[i].broken && !nodes_[i].unverified) others.push_back(i);
      }
      input.derivation = others[below(others.size())];
    }
    const auto name = names_.at(index);
    node.attempt = old.attempt;  // equivalent ones do the same
    finish(std::move(node), name, traits);
    return true;
  }

  std::vector<std::string> some(const std::vector<std::string>& outputs) {
    if (outputs.size() == 1 || chance(30)) return outputs;
    return {outputs[below(outputs.size())]};
  }

  void finish(Node node, const std::string& name, const Traits& traits) {
    std::vector<TestGraph::Input> inputs;
    for (const auto& input : node.inputs) {
      inputs.push_back({nodes_[input.derivation].number, input.outputs});
      node.unverified |= nodes_[input.derivation].broken || nodes_[input.derivation].unverified;
    }
    std::string shown = name;
    if (node.fixed) {
      const auto contents = static_cast<std::size_t>(traits.contents);
      const auto content =
          "c" + std::to_string(contents == 0 ? 1000 + nodes_.size() : below(contents));
      shown = "f-" + content;
      node.promise = "fixed " + content;
      node.number = graph.fixed(shown, content, inputs);
    } else {
      node.promise = name;
      node.number = graph.input_addressed(name, inputs, node.outputs);
    }
    for (const auto& other : nodes_) {
      if (other.number == node.number) return;  // the very same derivation
    }
    const auto unique = "node " + std::to_string(nodes_.size());
    if (chance(traits.broken_in_100)) {
      node.broken = true;
      graph.replace(node.number, chance(50) ? std::nullopt : std::optional<std::string>("Derive("));
    }
    if (node.broken || node.unverified) node.promise = unique;
    const bool rewritten = !node.fixed && name != "p" + std::to_string(nodes_.size());
    if (!rewritten) {
      if (chance(traits.failing_in_100)) {
        static constexpr Outcome kFailures[] = {Outcome::failed, Outcome::timed_out,
                                                Outcome::hash_mismatch, Outcome::unsupported};
        node.attempt = kFailures[below(std::size(kFailures))];
      } else if (chance(traits.aborting_in_100)) {
        node.attempt = Outcome::aborted;
        aborting_ = true;
      }
    }
    nodes_.push_back(std::move(node));
    names_.push_back(name);
  }

  std::mt19937 random_;
  std::vector<Node> nodes_;
  std::vector<std::string> names_;
  std::set<std::string> makeable_;
  bool aborting_ = false;
};

}  // namespace grange
