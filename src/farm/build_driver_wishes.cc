#include <algorithm>
#include <utility>

#include "farm/build_driver.h"

namespace grange {

void BuildDriver::settle_wish(Wanted& wanted, const Realised& realised) {
  const auto wish = std::move(wanted.queued.wish);
  const auto id = wanted.queued.build;
  std::vector<StorePath> failed;
  for (const auto input : realised.failed_inputs) failed.push_back(graph_->path(input));
  wanted_.erase(id);
  wish->ended(id, realised, std::move(failed));
}

/// Of the wishes that need it, each once.
std::vector<std::shared_ptr<WishListener>> BuildDriver::listeners(
    const std::optional<OutputSetId>& set, const StorePath& recipe) const {
  std::vector<std::shared_ptr<WishListener>> found;
  for (auto at = wanted_.begin(); at != wanted_.end() && at->first < 0; ++at) {
    const auto& wish = at->second.queued.wish;
    const bool is_new = std::find(found.begin(), found.end(), wish) == found.end();
    if (is_new && wish->needs(set, recipe)) found.push_back(wish);
  }
  return found;
}

/// From here on he hears of what is being made for others already.
void BuildDriver::join_running(const std::shared_ptr<WishListener>& wish) {
  std::vector<StorePath> joined;
  {
    const MutexLock lock(mutex_);
    for (auto& [recipe, running] : running_) {
      auto& all = running.wishes;
      if (std::find(all.begin(), all.end(), wish) != all.end()) continue;
      if (!wish->needs(graph_->output_set(recipe), running.step.derivation)) continue;
      all.push_back(wish);
      joined.push_back(running.step.derivation);
    }
  }
  for (const auto& recipe : joined) wish->attempt_started(recipe);
}

}  // namespace grange
