#include "compare/closure_sides.h"

namespace grange {

ClosureSides::ClosureSides(const DerivationGraph& graph,
                           std::span<const DerivationIndex> base_roots,
                           std::span<const DerivationIndex> head_roots)
    : sides_(graph.size()) {
  mark_closure(graph, base_roots, kBase);
  mark_closure(graph, head_roots, kHead);
}

void ClosureSides::mark_closure(const DerivationGraph& graph,
                                std::span<const DerivationIndex> roots, std::uint8_t side) {
  std::vector<DerivationIndex> waiting;
  const auto mark = [&](DerivationIndex index) {
    if ((sides_[index] & side) != 0) return;
    sides_[index] = static_cast<std::uint8_t>(sides_[index] | side);
    waiting.push_back(index);
  };
  for (const auto root : roots) mark(root);
  while (!waiting.empty()) {
    const auto index = waiting.back();
    waiting.pop_back();
    for (const auto& edge : graph.inputs(index)) mark(edge.input);
  }
}

}  // namespace grange
