#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "derivation/graph_loader.h"

namespace grange {
namespace {

constexpr DerivationIndex kUnseen = std::numeric_limits<DerivationIndex>::max();
/// How many derivations of a cycle are named.
constexpr std::size_t kNamedInCycle = 8;

}  // namespace

/// What has not finished when there is nothing left to do waits for itself. From each such
/// derivation, going on to the first input that has not finished either ends in a cycle.
void GraphLoader::explain_cycles() {
  const MutexLock lock(mutex_);
  const auto next = [&](DerivationIndex index) REQUIRES(mutex_) {
    for (const auto& edge : entries_[index].node.inputs) {
      if (!entries_[edge.input].finished) return edge.input;
    }
    return kUnseen;
  };
  std::vector<DerivationIndex> walk_of(entries_.size(), kUnseen);
  std::vector<DerivationIndex> walk;
  for (DerivationIndex start = 0; start < entries_.size(); ++start) {
    if (entries_[start].finished || walk_of[start] != kUnseen) continue;
    walk.clear();
    DerivationIndex at = start;
    for (; at != kUnseen && walk_of[at] == kUnseen; at = next(at)) {
      walk_of[at] = start;
      walk.push_back(at);
    }
    std::string_view problem;
    if (at != kUnseen && walk_of[at] != start) {
      problem = entries_[at].node.problem;  // the walk ran into an earlier one
    } else {
      const auto begin = std::find(walk.begin(), walk.end(), at);
      std::string text = "it needs itself or a cycle below it: ";
      for (auto member = begin; member != walk.end(); ++member) {
        if (static_cast<std::size_t>(member - begin) == kNamedInCycle) {
          text += "… -> ";
          break;
        }
        text.append(entries_[*member].node.base_name).append(" -> ");
      }
      text.append(entries_[at == kUnseen ? start : at].node.base_name);
      problem = keep_text(data_.texts, text);
    }
    for (const auto member : walk) {
      entries_[member].node.state = DerivationGraph::State::cyclic;
      entries_[member].node.problem = problem;
    }
  }
}

/// Numbers everything anew in the order in which a depth-first walk from the roots leaves it.
void GraphLoader::arrange(std::span<const StorePath> roots) {
  const MutexLock lock(mutex_);
  struct Step {
    DerivationIndex entry;
    std::size_t next_input;
  };
  std::vector<DerivationIndex> number(entries_.size(), kUnseen);
  std::vector<bool> entered(entries_.size(), false);
  std::vector<Step> walk;
  DerivationIndex count = 0;
  const auto enter = [&](DerivationIndex entry) {
    if (entered[entry]) return;
    entered[entry] = true;
    walk.push_back({entry, 0});
  };
  for (const auto& root : roots) {
    const auto found = data_.table.find(
        root.base_name(), data_.table.hash(root.base_name()),
        [&](std::uint32_t at) REQUIRES(mutex_) { return entries_[at].node.base_name; });
    if (found) enter(*found);
    while (!walk.empty()) {
      auto& step = walk.back();
      const auto& inputs = entries_[step.entry].node.inputs;
      if (step.next_input < inputs.size()) {
        enter(inputs[step.next_input++].input);
      } else {
        number[step.entry] = count++;
        walk.pop_back();
      }
    }
  }
  data_.nodes.resize(entries_.size());
  for (auto& entry : entries_) {
    for (auto& edge : entry.node.inputs) edge.input = number[edge.input];
    entry.node.broken_input = number[entry.node.broken_input];
    data_.nodes[number[entry.number]] = entry.node;
  }
  data_.table.renumber(number);
  for (DerivationIndex index = 0; index < count; ++index) {
    if (data_.nodes[index].state != DerivationGraph::State::cyclic) {
      data_.topological_order.push_back(index);
    }
  }
}

}  // namespace grange
