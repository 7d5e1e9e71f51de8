#include "store/realisation_closure.h"

#include <utility>

#include "base/error.h"

namespace grange {

RealisationClosure realisation_closure(Store& store, const std::set<DrvOutput>& ids,
                                       const std::stop_token& stop) {
  RealisationClosure closure;
  std::set<DrvOutput> asked = ids;
  while (!asked.empty()) {
    if (stop.stop_requested()) throw CancelledError("copying was cancelled");
    auto answers = store.realisations(asked);
    std::set<DrvOutput> next;
    for (const auto& id : asked) {
      const auto answer = answers.find(id);
      if (answer == answers.end()) {
        closure.missing.insert(id);
        continue;
      }
      for (const auto& [dependency, path] : answer->second.dependencies) {
        if (!closure.realisations.contains(dependency) && !closure.missing.contains(dependency) &&
            !asked.contains(dependency)) {
          next.insert(dependency);
        }
      }
      closure.realisations.emplace(id, std::move(answer->second));
    }
    asked = std::move(next);
  }
  return closure;
}

std::vector<Realisation> in_dependency_order(const std::map<DrvOutput, Realisation>& realisations) {
  std::vector<Realisation> order;
  std::set<DrvOutput> placed;
  // Depth first without recursion: how deep it goes is up to whoever wrote them.
  std::vector<std::pair<const Realisation*, bool>> pending;
  for (const auto& [id, realisation] : realisations) pending.emplace_back(&realisation, false);
  std::set<DrvOutput> entered;
  while (!pending.empty()) {
    const auto [realisation, left] = pending.back();
    pending.pop_back();
    if (left) {
      if (placed.insert(realisation->id).second) order.push_back(*realisation);
      continue;
    }
    if (!entered.insert(realisation->id).second) continue;
    pending.emplace_back(realisation, true);
    for (const auto& [dependency, path] : realisation->dependencies) {
      const auto found = realisations.find(dependency);
      if (found != realisations.end()) pending.emplace_back(&found->second, false);
    }
  }
  return order;
}

}  // namespace grange
