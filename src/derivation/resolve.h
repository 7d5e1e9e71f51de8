#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "derivation/derivation.h"

namespace grange {

/// Where an output of a derivation is, as far as somebody knows: from a realisation, or because its
/// path is known before the build. Nothing for an unknown output or derivation.
using OutputLookup =
    std::function<std::optional<StorePath>(const StorePath& derivation, std::string_view output)>;

/// What resolving gave: either the derivation or, for each derivation that stands in the way, which
/// of its outputs are not known.
struct Resolution {
  std::optional<Derivation> resolved;
  std::map<StorePath, std::set<std::string>> unknown;
};

/// Replaces input derivations by the outputs that they gave (nix-store.md §5.2): these become input
/// sources, their placeholders become paths, and what was deferred becomes input-addressed. Of a
/// dynamic input, the output that holds the derivation is asked for first, then that derivation's.
Resolution resolve(const StoreDir& store, const Derivation& derivation, const OutputLookup& lookup);

}  // namespace grange
