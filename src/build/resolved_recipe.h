#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "derivation/derivation.h"
#include "derivation/output_set.h"
#include "derivation/resolve.h"
#include "derivation/store_path.h"

namespace grange {

/// A derivation whose inputs were replaced by what they were realised as, and everything that is
/// known of it then. Every path in it is recomputed.
struct ResolvedRecipe {
  StorePath path;  ///< of its own .drv
  Derivation derivation;
  std::string text;                          ///< its ATerm
  std::map<std::string, StorePath> outputs;  ///< those whose paths are known by now
  std::optional<Sha256> drv_output_hash{};   ///< nothing for impure ones
  std::optional<OutputSetId> output_set{};   ///< nothing for impure ones
};

/// Throws InvalidError where the derivation makes no sense: an unknown input, dynamic inputs.
ResolvedRecipe resolve_recipe(const StoreDir& store, const Derivation& derivation,
                              const OutputLookup& lookup);

}  // namespace grange
