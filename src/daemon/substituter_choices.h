#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_annotations.h"
#include "store/open_store.h"
#include "store/store_reference.h"
#include "store/substituters.h"

namespace grange {

/// Substituters, and the stores behind them for whoever only asks.
struct ChosenSubstituters {
  std::vector<Substituter> stores;  ///< by priority
  std::shared_ptr<Substituters> all;
};

/// The substituters of all clients: those who name the same stores and keys have the same ones.
/// Thread safe.
class SubstituterChoices {
 public:
  SubstituterChoices(StoreOpening opening, unsigned jobs)
      : opening_(std::move(opening)), jobs_(jobs) {}

  /// Opened at the first call; one that cannot be opened is warned of and left out, and tried again
  /// at the next. `require_signatures` false: whatever they have is believed.
  std::shared_ptr<const ChosenSubstituters> choose(const std::vector<StoreReference>& references,
                                                   const std::vector<PublicKey>& keys,
                                                   bool require_signatures) EXCLUDES(mutex_);

 private:
  const StoreOpening opening_;
  const unsigned jobs_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<const ChosenSubstituters>> chosen_ GUARDED_BY(mutex_);
};

}  // namespace grange
