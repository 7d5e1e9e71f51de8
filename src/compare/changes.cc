#include "compare/changes.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>

#include "base/parallel.h"
#include "compare/attribution.h"
#include "compare/counterparts.h"

namespace grange {
namespace {

constexpr DerivationIndex kNone = 0xffffffff;

/// How many recipes one comparer compares before it is given up: its buffers are worth that.
constexpr std::size_t kChunk = 128;

/// Where the two maps begin, in the graph.
struct Roots {
  std::vector<DerivationIndex> base, head;      ///< of every label
  std::vector<Counterparts::Pair> labels;       ///< what one label stands for on both sides
  std::vector<DerivationIndex> needed;          ///< the head's, of changed and new labels
  std::vector<std::string_view> needed_labels;  ///< in step with `needed`
};

Roots find_roots(const TargetMap& base, const TargetMap& head, const DerivationGraph& graph) {
  Roots roots;
  for (const auto& [label, target] : base.targets) {
    if (const auto index = graph.find(target.derivation)) roots.base.push_back(*index);
  }
  for (const auto& [label, target] : head.targets) {
    const auto index = graph.find(target.derivation);
    if (!index) continue;
    roots.head.push_back(*index);
    const auto found = base.targets.find(label);
    if (found != base.targets.end() && found->second.derivation == target.derivation) continue;
    roots.needed.push_back(*index);
    roots.needed_labels.push_back(label);
    if (found == base.targets.end()) continue;
    if (const auto before = graph.find(found->second.derivation)) {
      roots.labels.emplace_back(*before, *index);
    }
  }
  return roots;
}

/// Calls `work(comparer, position)` for every position below `count`, from several threads.
template <typename MakeComparer, typename Work>
void compare_in_chunks(std::size_t count, const MakeComparer& make, const Work& work) {
  const auto chunks = (count + kChunk - 1) / kChunk;
  parallel_for(
      chunks, processor_count(),
      [&](std::size_t chunk) {
        auto comparer = make();
        const auto end = std::min(count, (chunk + 1) * kChunk);
        for (auto at = chunk * kChunk; at < end; ++at) work(comparer, at);
      },
      1);
}

}  // namespace

Changes Changes::find(const TargetMap& base, const TargetMap& head, const DerivationGraph& graph,
                      const DerivationReader& read, const SourceReader& read_source) {
  const Roots roots = find_roots(base, head, graph);
  const ClosureSides sides(graph, roots.base, roots.head);
  const Promises promises(graph, sides);
  const Counterparts counterparts(graph, sides, promises, roots.labels, roots.needed, read);
  Changes changes;
  changes.kinds_.resize(graph.size(), Kind::unchanged);
  changes.counterparts_.resize(graph.size(), kNone);
  changes.numbers_of_causes_.resize(graph.size(), kNoCause);
  changes.changed_ = counterparts.changed();
  const auto& changed = changes.changed_;
  if (!changed.empty()) {
    const PathIdentities identities(graph, sides, promises, counterparts);
    const auto make = [&] {
      return RecipeComparer(graph, promises, identities, read, read_source);
    };
    compare_in_chunks(changed.size(), make, [&](RecipeComparer& comparer, std::size_t at) {
      const auto index = changed[at];
      const auto before = counterparts.of(index);
      if (before) changes.counterparts_[index] = *before;
      changes.kinds_[index] = !before                           ? Kind::fresh
                              : comparer.differ(*before, index) ? Kind::cause
                                                                : Kind::cascade;
    });
    for (const auto index : changed) {
      if (changes.kinds_[index] != Kind::cause) continue;
      changes.causes_.push_back({changes.counterparts_[index], index, {}});
    }
    compare_in_chunks(changes.causes_.size(), make, [&](RecipeComparer& comparer, std::size_t at) {
      auto& cause = changes.causes_[at];
      cause.fields = comparer.differences(cause.base, cause.head);
    });
  }
  changes.attribute(graph, roots.needed, roots.needed_labels, base);
  return changes;
}

void Changes::attribute(const DerivationGraph& graph, const std::vector<DerivationIndex>& needed,
                        const std::vector<std::string_view>& labels, const TargetMap& base) {
  for (std::uint32_t i = 0; i < causes_.size(); ++i) numbers_of_causes_[causes_[i].head] = i;
  auto attribution = attribute_causes(graph, changed_, numbers_of_causes_, causes_.size(), needed);
  for (std::size_t i = 0; i < causes_.size(); ++i) {
    causes_[i].derivations = attribution.derivations[i];
    causes_[i].derivations_alone = attribution.derivations_alone[i];
  }
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (kinds_[needed[i]] == Kind::unchanged || !base.targets.contains(labels[i])) continue;
    const auto& found = attribution.causes[i];
    for (const auto cause : found) ++causes_[cause].targets;
    if (found.size() == 1) ++causes_[found.front()].targets_alone;
  }
  // In the order in which they are told.
  std::vector<std::uint32_t> order(causes_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto key = [&](std::uint32_t i) {
      const auto& cause = causes_[i];
      return std::tuple(~cause.targets, ~cause.derivations, graph.derivation_name(cause.head),
                        graph.base_name(cause.head));
    };
    return key(a) < key(b);
  });
  std::vector<Cause> sorted;
  std::vector<std::uint32_t> place(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted.push_back(std::move(causes_[order[i]]));
    numbers_of_causes_[sorted.back().head] = i;
  }
  causes_ = std::move(sorted);
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (kinds_[needed[i]] == Kind::unchanged) continue;
    auto& found = attribution.causes[i];
    for (auto& cause : found) cause = place[cause];
    std::sort(found.begin(), found.end());
    targets_.emplace(labels[i], std::move(found));
  }
}

std::optional<DerivationIndex> Changes::counterpart(DerivationIndex head) const {
  const auto base = counterparts_[head];
  return base == kNone ? std::nullopt : std::optional(base);
}

std::optional<std::uint32_t> Changes::cause(DerivationIndex head) const {
  const auto number = numbers_of_causes_[head];
  return number == kNoCause ? std::nullopt : std::optional(number);
}

std::size_t Changes::count(Kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(changed_.begin(), changed_.end(),
                    [&](DerivationIndex index) { return kinds_[index] == kind; }));
}

std::vector<StorePath> derivations_to_explain(const TargetMap& base, const TargetMap& head) {
  std::vector<StorePath> paths;
  for (const auto& [label, target] : base.targets) {
    const auto found = head.targets.find(label);
    if (found != head.targets.end() && found->second.derivation == target.derivation) continue;
    paths.push_back(target.derivation);
  }
  if (paths.empty()) return paths;
  for (const auto& [label, target] : head.targets) paths.push_back(target.derivation);
  return paths;
}

}  // namespace grange
