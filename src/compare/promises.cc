#include "compare/promises.h"

#include <unordered_map>

namespace grange {

Promises::Promises(const DerivationGraph& graph, const ClosureSides& sides)
    : sides_(sides), promises_(graph.size()) {
  std::unordered_map<OutputSetId, Promise> numbers;
  numbers.reserve(graph.size());
  Promise next = 0;
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    Promise promise = next;
    if (const auto output_set = graph.output_set(index)) {
      promise = numbers.try_emplace(*output_set, next).first->second;
    }
    if (promise == next) {
      ++next;
      known_.push_back(0);
    }
    promises_[index] = promise;
    auto& known = known_[promise];
    if (sides.in_base(index)) known = static_cast<std::uint8_t>(known | kBase);
    if (sides.in_head(index)) known = static_cast<std::uint8_t>(known | kHead);
  }
}

}  // namespace grange
