#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compare/promises.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// What each changed derivation of the head side was in the base: the one derivation that stood in
/// its place. Found from the targets down: the derivations that a label stood for, then, within
/// two counterparts, inputs of one package name, or in one role (the variable and place that
/// mention them), or alike. Where several are proposed, name and number of proposals decide. What
/// nobody proposes anything for is looked for among what vanished, by name and likeness, so that
/// what was moved or renamed is not lost.
///
/// Linear in the edges of what changed; texts are read only where names do not decide.
class Counterparts {
 public:
  using Pair = std::pair<DerivationIndex, DerivationIndex>;  ///< base, head

  /// `labels`: what each label of both sides stands for. `head_roots`: where what is needed begins.
  Counterparts(const DerivationGraph& graph, const ClosureSides& sides, const Promises& promises,
               std::span<const Pair> labels, std::span<const DerivationIndex> head_roots,
               const DerivationReader& read);

  /// Nothing for what is new.
  std::optional<DerivationIndex> of(DerivationIndex head) const {
    const auto base = base_[head];
    return base == kNone ? std::nullopt : std::optional(base);
  }
  /// The changed derivations that a head root needs, inputs before what uses them. Below what is
  /// not changed nothing is needed.
  const std::vector<DerivationIndex>& changed() const { return changed_; }

 private:
  static constexpr DerivationIndex kNone = 0xffffffff;

  std::vector<DerivationIndex> base_;
  std::vector<DerivationIndex> changed_;
};

}  // namespace grange
