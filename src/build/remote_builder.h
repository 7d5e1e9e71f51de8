#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "build/builder.h"
#include "store/building_store.h"
#include "store/local_store.h"

namespace grange {

/// Another machine did not answer, refused us, or said what makes no sense: a reason to ask another
/// one. Says nothing of what was to be made.
class MachineError final : public UnavailableError {
 public:
  using UnavailableError::UnavailableError;
};

struct RemoteBuilderConfig {
  std::string machine;          ///< how people name it
  unsigned copies_at_once = 2;  ///< NARs on their way to or from it, of one attempt
};

/// Makes steps on another machine (nix-store.md §9.4): copies there what they need and it has not,
/// lets it build the derivation, and copies back what it made. What comes back is held to what the
/// derivation promises as if it had been made here: references, fixed content, what is allowed; and
/// the paths of content-addressed outputs are computed here. That a builder was run at all, and the
/// right one, only the machine knows.
///
/// Only for the mode `normal`. Throws MachineError.
std::unique_ptr<Builder> make_remote_builder(LocalStore& eval_store, LocalStore& store,
                                             BuildingStore& machine, const Clock& clock,
                                             RemoteBuilderConfig config);

}  // namespace grange
