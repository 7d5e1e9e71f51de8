#include "build/known_realisations.h"

namespace grange {

void KnownRealisations::learn(const Realisation& realisation) {
  const auto next = static_cast<Index>(entries_.size());
  if (indices_.emplace(realisation.id, next).second) entries_.push_back({realisation});
}

const Realisation* KnownRealisations::find(const DrvOutput& id) const {
  const auto found = indices_.find(id);
  return found == indices_.end() ? nullptr : &entries_[found->second].realisation;
}

std::vector<KnownRealisations::Index> KnownRealisations::indices_of(
    const std::set<DrvOutput>& ids) {
  std::set<DrvOutput> missing;
  for (const auto& id : ids) {
    if (!indices_.contains(id)) missing.insert(id);
  }
  if (!missing.empty()) {
    for (const auto& [id, realisation] : lookup_(missing)) learn(realisation);
  }
  std::vector<Index> indices;
  for (const auto& id : ids) {
    if (const auto found = indices_.find(id); found != indices_.end()) {
      indices.push_back(found->second);
    }
  }
  return indices;
}

std::map<DrvOutput, StorePath> KnownRealisations::among(const std::set<DrvOutput>& inputs,
                                                        const std::set<StorePath>& references) {
  std::map<DrvOutput, StorePath> found;
  if (references.empty()) return found;
  ++walks_;
  auto unseen = indices_of(inputs);
  while (!unseen.empty()) {
    const Index index = unseen.back();
    unseen.pop_back();
    if (entries_[index].seen == walks_) continue;
    entries_[index].seen = walks_;
    if (!entries_[index].below) {
      std::set<DrvOutput> below;
      for (const auto& [id, path] : entries_[index].realisation.dependencies) below.insert(id);
      auto indices = indices_of(below);  // may move the entries
      entries_[index].below = std::move(indices);
    }
    const Entry& entry = entries_[index];
    if (references.contains(entry.realisation.out_path)) {
      found.emplace(entry.realisation.id, entry.realisation.out_path);
    }
    unseen.insert(unseen.end(), entry.below->begin(), entry.below->end());
  }
  return found;
}

}  // namespace grange
