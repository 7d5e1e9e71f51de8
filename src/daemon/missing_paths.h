#pragma once

#include <vector>

#include "derivation/derived_path.h"
#include "store/local_store.h"
#include "store/substituters.h"
#include "wire/query_operations.h"

namespace grange {

/// What making `targets` would take, as far as it can be said before (nix-store.md §9.2): what
/// would be fetched with its closure, and what built; unknown are paths that nobody has.
MissingPaths find_missing(LocalStore& store, const std::vector<Substituter>& substituters,
                          const std::vector<DerivedPath>& targets);

/// What the first of the substituters that has it knows of each path.
std::map<StorePath, PathInfo> substitutable(const std::vector<Substituter>& substituters,
                                            const std::set<StorePath>& paths);

}  // namespace grange
