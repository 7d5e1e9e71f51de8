#include "daemon/substituter_choices.h"

#include <algorithm>

#include "store/open_substituters.h"

namespace grange {
namespace {

constexpr std::size_t kMostChoices = 64;

}  // namespace

std::shared_ptr<const ChosenSubstituters> SubstituterChoices::choose(
    const std::vector<StoreReference>& references, const std::vector<PublicKey>& keys,
    bool require_signatures) {
  std::string name = require_signatures ? "signed" : "unsigned";
  for (const auto& reference : references) name += '\n' + reference.to_string();
  TrustedKeys trusted;
  for (const auto& key : keys) {
    name += '\n' + key.to_string();
    trusted.add(key);
  }
  const MutexLock lock(mutex_);
  if (const auto found = chosen_.find(name); found != chosen_.end()) return found->second;
  auto chosen = std::make_shared<ChosenSubstituters>();
  chosen->stores = open_substituters(references, opening_);
  const bool complete = chosen->stores.size() == references.size();
  for (auto& substituter : chosen->stores) substituter.trusted |= !require_signatures;
  std::stable_sort(
      chosen->stores.begin(), chosen->stores.end(),
      [](const Substituter& a, const Substituter& b) { return a.priority < b.priority; });
  chosen->all =
      std::make_shared<Substituters>(chosen->stores, std::move(trusted), jobs_, opening_.warn);
  if (chosen_.size() >= kMostChoices) chosen_.clear();
  if (complete) chosen_.emplace(name, chosen);
  return chosen;
}

}  // namespace grange
