#include "daemon/substituter_choices.h"

#include <algorithm>

#include "base/error.h"
#include "store/binary_cache.h"
#include "store/open_store.h"

namespace grange {
namespace {

constexpr std::size_t kMostChoices = 64;

bool names_itself_trusted(const StoreReference& reference) {
  const auto found = reference.parameters.find("trusted");
  return found != reference.parameters.end() && (found->second == "true" || found->second == "1");
}

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
  bool complete = true;
  for (const auto& reference : references) {
    try {
      StoreOpening opening;
      opening.store_dir = store_dir_;
      opening.warn = warn_;
      Substituter substituter;
      substituter.store = open_store(reference, opening);
      if (const auto* cache = dynamic_cast<const BinaryCache*>(substituter.store.get())) {
        substituter.priority = cache->info().priority;
      }
      substituter.trusted = !require_signatures || names_itself_trusted(reference);
      chosen->stores.push_back(std::move(substituter));
    } catch (const Error& error) {
      warn_("a substituter is left out: " + std::string(error.what()));
      complete = false;
    }
  }
  std::stable_sort(
      chosen->stores.begin(), chosen->stores.end(),
      [](const Substituter& a, const Substituter& b) { return a.priority < b.priority; });
  chosen->all = std::make_shared<Substituters>(chosen->stores, std::move(trusted), jobs_, warn_);
  if (chosen_.size() >= kMostChoices) chosen_.clear();
  if (complete) chosen_.emplace(name, chosen);
  return chosen;
}

}  // namespace grange
