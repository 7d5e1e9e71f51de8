#include "compare/compare.h"

#include "base/error.h"
#include "compare/rewritten_recipes.h"

namespace grange {
namespace {

/// Walks both maps in step, by label: `visit(label, base target or null, head target or null)`.
template <typename Visit>
void for_each_label(const TargetMap& base, const TargetMap& head, const Visit& visit) {
  auto b = base.targets.begin();
  auto h = head.targets.begin();
  while (b != base.targets.end() || h != head.targets.end()) {
    const bool in_base =
        b != base.targets.end() && (h == head.targets.end() || b->first <= h->first);
    const bool in_head =
        h != head.targets.end() && (b == base.targets.end() || h->first <= b->first);
    visit(in_base ? b->first : h->first, in_base ? &b->second : nullptr,
          in_head ? &h->second : nullptr);
    if (in_base) ++b;
    if (in_head) ++h;
  }
}

bool are_same(const Target* base, const Target* head) {
  return base != nullptr && head != nullptr && base->derivation == head->derivation;
}

Verdict verdict_of(const Target& base, const Target& head, const DerivationGraph& graph) {
  if (base.derivation == head.derivation) return Verdict::same;
  const auto b = graph.find(base.derivation);
  const auto h = graph.find(head.derivation);
  const auto verified = [&](const std::optional<DerivationIndex>& index) {
    return index && graph.state(*index) == DerivationGraph::State::verified;
  };
  if (!verified(b) || !verified(h)) return Verdict::changed_unverified;
  // What has no output set (impure ones) is equivalent to nothing.
  const auto promised = graph.output_set(*b);
  return promised && promised == graph.output_set(*h) ? Verdict::equivalent : Verdict::changed;
}

void count(Comparison& comparison, Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      ++comparison.same;
      break;
    case Verdict::equivalent:
      ++comparison.equivalent;
      break;
    case Verdict::changed_unverified:
      ++comparison.unverified;
      [[fallthrough]];
    case Verdict::changed:
      ++comparison.changed;
      break;
    case Verdict::added:
      ++comparison.added;
      break;
    case Verdict::removed:
      ++comparison.removed;
      break;
  }
}

void check_store_dirs(const TargetMap& base, const TargetMap& head) {
  if (base.store_dir == head.store_dir || base.targets.empty() || head.targets.empty()) return;
  throw InvalidError("the target maps are of different stores and cannot be compared: base '" +
                     base.store_dir.str() + "', head '" + head.store_dir.str() + "'");
}

}  // namespace

std::vector<StorePath> derivations_to_compare(const TargetMap& base, const TargetMap& head) {
  std::vector<StorePath> base_roots, head_roots;
  for_each_label(base, head, [&](const std::string&, const Target* b, const Target* h) {
    if (are_same(b, h)) return;
    if (b != nullptr) base_roots.push_back(b->derivation);
    if (h != nullptr) head_roots.push_back(h->derivation);
  });
  if (base_roots.empty() || head_roots.empty()) return {};  // only new or only removed ones
  base_roots.insert(base_roots.end(), head_roots.begin(), head_roots.end());
  return base_roots;
}

Comparison compare_targets(const TargetMap& base, const TargetMap& head,
                           const DerivationGraph& graph, const DerivationReader& read) {
  check_store_dirs(base, head);
  Comparison comparison;
  std::vector<DerivationIndex> base_roots, head_roots;
  const auto add_root = [&](std::vector<DerivationIndex>& roots, const Target* target) {
    if (target == nullptr) return;
    if (const auto index = graph.find(target->derivation)) roots.push_back(*index);
  };
  comparison.targets.reserve(std::max(base.targets.size(), head.targets.size()));
  for_each_label(base, head, [&](const std::string& label, const Target* b, const Target* h) {
    if (!are_same(b, h)) {
      add_root(base_roots, b);
      add_root(head_roots, h);
    }
    if (h == nullptr && head.errors.contains(label)) return;
    const Verdict verdict = b == nullptr   ? Verdict::added
                            : h == nullptr ? Verdict::removed
                                           : verdict_of(*b, *h, graph);
    comparison.targets.push_back({label, verdict});
    count(comparison, verdict);
  });
  comparison.rewritten = find_rewritten_recipes(graph, base_roots, head_roots, read);
  return comparison;
}

}  // namespace grange
