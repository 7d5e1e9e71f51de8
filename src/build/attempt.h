#pragma once

#include <stop_token>

#include "base/clock.h"
#include "build/builder.h"
#include "build/output_maker.h"
#include "store/local_store.h"

namespace grange {

/// What an attempt works on, wherever outputs are made.
struct AttemptStores {
  LocalStore& eval_store;
  LocalStore& store;  ///< the destination
  const Clock& clock;
};

/// One attempt, from its request to registered outputs: roots, locks, sources, then what the maker
/// does, then realisations.
BuildResult run_attempt(const AttemptStores& stores, OutputMaker& maker,
                        const BuildRequest& request, BuildObserver& observer,
                        const std::stop_token& stop);

}  // namespace grange
