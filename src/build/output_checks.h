#pragma once

#include <optional>
#include <set>
#include <vector>

#include "build/build_failure.h"
#include "build/collect_outputs.h"
#include "derivation/attributes.h"
#include "store/local_store.h"

namespace grange {

/// Why outputs are not what the derivation allows: what they refer to, how large they are
/// (nix-store.md §10.6); nothing when all is well. `places` are all outputs, present or not, by
/// whose names the lists may speak.
std::optional<BuildFailure> check_output_references(const DerivationAttributes& attributes,
                                                    const StorePath& derivation_path,
                                                    const std::vector<OutputPlace>& places,
                                                    const std::vector<CollectedOutput>& outputs,
                                                    LocalStore& store);

}  // namespace grange
