#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "derivation/graph_loader.h"

namespace grange {
namespace {

constexpr DerivationIndex kUnseen = std::numeric_limits<DerivationIndex>::max();
/// How many derivations of a cycle are named.
constexpr std::size_t kNamedInCycle = 8;

}  // namespace

/// What has not finished when there is nothing left to do waits for itself: from each such
/// derivation, going on to the first input that has not finished either ends in a cycle.
void GraphLoader::explain_cycles() {
  const MutexLock lock(mutex_);
  std::vector<DerivationIndex> cycle_of(entries_.size(), kUnseen);  // a member of the cycle
  std::vector<bool> in_walk(entries_.size(), false);
  std::map<DerivationIndex, std::string> descriptions;
  std::vector<DerivationIndex> walk;
  for (const auto& work : works_) {
    if (work->entry->finished) continue;
    DerivationIndex at = work->entry->number;
    for (walk.clear(); cycle_of[at] == kUnseen && !in_walk[at];
         at = entries_.first_unfinished_input(at)) {
      in_walk[at] = true;
      walk.push_back(at);
    }
    DerivationIndex cycle = cycle_of[at];
    if (cycle == kUnseen) {  // a new one; the least of its names stands for it
      cycle = at;
      for (auto member = entries_.first_unfinished_input(at); member != at;
           member = entries_.first_unfinished_input(member)) {
        if (entries_[member].node.base_name < entries_[cycle].node.base_name) cycle = member;
      }
    }
    for (const auto member : walk) cycle_of[member] = cycle;
    auto& description = descriptions[cycle];
    if (description.empty()) description = describe_cycle(cycle);
    auto& node = work->entry->node;
    const bool intact = work->problem.empty();
    node.problem =
        keep_text(data_.texts, intact ? description : work->problem + "; " + description);
    node.state = DerivationGraph::State::cyclic;
    node.has_broken_input = options_.check_own_paths && intact;
    node.broken_input = cycle;
  }
}

std::string GraphLoader::describe_cycle(DerivationIndex cycle) {
  std::string text = "cycle of derivations: ";
  text.append(entries_[cycle].node.base_name);
  std::size_t named = 1;
  for (DerivationIndex at = entries_.first_unfinished_input(cycle); at != cycle;
       at = entries_.first_unfinished_input(at)) {
    if (++named > kNamedInCycle) {
      text += " -> …";
      break;
    }
    text.append(" -> ").append(entries_[at].node.base_name);
  }
  return text.append(" -> ").append(entries_[cycle].node.base_name);
}

/// Numbers what has come anew, in the order in which a depth-first walk from the roots leaves it,
/// behind what was there.
void GraphLoader::arrange(std::span<const StorePath> roots) {
  const MutexLock lock(mutex_);
  struct Step {
    DerivationIndex entry;
    std::size_t next_input;
  };
  std::vector<DerivationIndex> number(entries_.size(), kUnseen);
  std::vector<bool> entered(entries_.size(), false);
  std::vector<Step> walk;
  const auto old = static_cast<DerivationIndex>(data_.nodes.size());
  for (DerivationIndex index = 0; index < old; ++index) {
    number[index] = index;
    entered[index] = true;
  }
  DerivationIndex count = old;
  const auto enter = [&](DerivationIndex entry) {
    if (entered[entry]) return;
    entered[entry] = true;
    walk.push_back({entry, 0});
  };
  for (const auto& root : roots) {
    enter(entries_.find(root.base_name(), data_.table.hash(root.base_name()))->number);
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
  if (options_.may_grow) data_.grown.resize(entries_.size());
  for (auto& entry : entries_) {
    if (entry.number < old) continue;
    for (auto& edge : entry.node.inputs) edge.input = number[edge.input];
    entry.node.broken_input = number[entry.node.broken_input];
    data_.nodes[number[entry.number]] = entry.node;
    if (options_.may_grow) {
      data_.grown[number[entry.number]] = {entry.unmasked, entry.paths_unknown,
                                           entry.outputs_opaque};
    }
  }
  data_.table.renumber(number);
  for (DerivationIndex index = old; index < count; ++index) {
    if (data_.nodes[index].state != DerivationGraph::State::cyclic) {
      data_.topological_order.push_back(index);
    }
  }
}

}  // namespace grange
