#include "compare/counterparts.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "compare/input_pairing.h"
#include "derivation/package_name.h"

namespace grange {
namespace {

/// How many that vanished are looked at for one derivation, of one name or around one input.
constexpr std::size_t kMaxVanished = 8;

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end.first - a.begin());
}

/// What vanished from the base, by package name and by the inputs that the head still promises.
class Vanished {
 public:
  Vanished(const DerivationGraph& graph, const Promises& promises)
      : graph_(graph), promises_(promises) {
    for (DerivationIndex index = 0; index < graph.size(); ++index) {
      if (!promises.is_vanished(index)) continue;
      by_name_[package_name(graph.derivation_name(index))].push_back(index);
      for (const auto& edge : graph.inputs(index)) {
        const auto promise = promises.of(edge.input);
        if (promises.head_has(promise)) by_input_[promise].push_back(index);
      }
    }
  }

  /// Those that `head` may have been: of its name, or with an input that few have.
  std::vector<DerivationIndex> candidates(DerivationIndex head) const {
    std::vector<DerivationIndex> result;
    const auto add = [&](const std::vector<DerivationIndex>& some) {
      if (some.size() <= kMaxVanished) result.insert(result.end(), some.begin(), some.end());
    };
    const auto named = by_name_.find(package_name(graph_.derivation_name(head)));
    if (named != by_name_.end()) add(named->second);
    for (const auto& edge : graph_.inputs(head)) {
      const auto found = by_input_.find(promises_.of(edge.input));
      if (found != by_input_.end()) add(found->second);
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

 private:
  const DerivationGraph& graph_;
  const Promises& promises_;
  std::unordered_map<std::string_view, std::vector<DerivationIndex>> by_name_;
  std::unordered_map<Promise, std::vector<DerivationIndex>> by_input_;
};

/// What was proposed for each derivation, in one list through `next`.
class Proposals {
 public:
  explicit Proposals(std::size_t size) : first_(size, kEnd) {}

  void add(DerivationIndex base, DerivationIndex head) {
    for (auto at = first_[head]; at != kEnd; at = all_[at].next) {
      if (all_[at].base == base) {
        ++all_[at].votes;
        return;
      }
    }
    all_.push_back({base, 1, first_[head]});
    first_[head] = static_cast<std::uint32_t>(all_.size() - 1);
  }

  template <typename Visit>
  void for_each(DerivationIndex head, const Visit& visit) const {
    for (auto at = first_[head]; at != kEnd; at = all_[at].next) {
      visit(all_[at].base, all_[at].votes);
    }
  }

 private:
  static constexpr std::uint32_t kEnd = 0xffffffff;
  struct Proposal {
    DerivationIndex base;
    std::uint32_t votes;
    std::uint32_t next;
  };
  std::vector<Proposal> all_;
  std::vector<std::uint32_t> first_;
};

/// The best of what was proposed; `none` where nothing was.
DerivationIndex best_proposal(const DerivationGraph& graph, const Proposals& proposals,
                              DerivationIndex head, DerivationIndex none) {
  const auto name = graph.derivation_name(head);
  auto best = none;
  std::tuple<bool, bool, bool, std::size_t, std::uint32_t, std::string_view> best_rank;
  proposals.for_each(head, [&](DerivationIndex base, std::uint32_t votes) {
    const auto other = graph.derivation_name(base);
    const std::tuple rank(graph.kind(base) == graph.kind(head), other == name,
                          package_name(other) == package_name(name), common_prefix(other, name),
                          votes, graph.base_name(base));
    if (best != none && rank <= best_rank) return;
    best = base;
    best_rank = rank;
  });
  return best;
}

}  // namespace

Counterparts::Counterparts(const DerivationGraph& graph, const ClosureSides& sides,
                           const Promises& promises, std::span<const Pair> labels,
                           std::span<const DerivationIndex> head_roots,
                           const DerivationReader& read)
    : base_(graph.size(), kNone) {
  std::vector<bool> needed(graph.size());
  Proposals proposals(graph.size());
  for (const auto& [base, head] : labels) {
    if (promises.is_changed(head)) proposals.add(base, head);
  }
  for (const auto root : head_roots) needed[root] = promises.is_changed(root);
  InputPairing pairing(graph, sides, promises, read);
  std::optional<Vanished> vanished;
  const auto search = [&](DerivationIndex head) {
    if (!vanished) vanished.emplace(graph, promises);
    auto best = kNone;
    double most = -1;
    for (const auto candidate : vanished->candidates(head)) {
      const auto fit = pairing.fit(candidate, head);
      if (!fit || *fit <= most) continue;
      best = candidate;
      most = *fit;
    }
    return best;
  };
  // What uses a derivation has a greater number: when its turn comes, all have proposed.
  for (auto head = static_cast<DerivationIndex>(graph.size()); head-- > 0;) {
    if (!needed[head]) continue;
    changed_.push_back(head);
    auto base = best_proposal(graph, proposals, head, kNone);
    if (base == kNone) base = search(head);
    base_[head] = base;
    for (const auto& edge : graph.inputs(head)) {
      if (promises.is_changed(edge.input)) needed[edge.input] = true;
    }
    if (base == kNone) continue;
    for (const auto& [from, to] : pairing.pair(base, head)) proposals.add(from, to);
  }
  std::reverse(changed_.begin(), changed_.end());
}

}  // namespace grange
