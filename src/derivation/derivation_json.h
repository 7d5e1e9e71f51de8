#pragma once

#include <map>
#include <string>
#include <string_view>

#include "derivation/derivation.h"

namespace grange {

// Derivations as JSON in two forms (nix-store.md §3.2). Reading is strict: every object has exactly
// the keys that its form has, none stands twice. All functions throw InvalidError, those that read
// with the byte offset where there is one.

/// As Nix 2.8's `show-derivation` prints it, byte for byte: an object from full paths to
/// derivations. Bytes of the environment that are not UTF-8 are written as they are, which makes
/// the text no valid JSON; it can be read again here. The form has no dynamic inputs.
std::string print_show_derivation(const StoreDir& store,
                                  const std::map<StorePath, Derivation>& derivations);
std::map<StorePath, Derivation> parse_show_derivation(const StoreDir& store, std::string_view json);

/// Upstream's version 4: {"version":4,"derivations":{BASE.drv: …}}. `__json` of the environment is
/// the object "structuredAttrs" here, of which spaces and the spelling of numbers are not kept. All
/// text must be UTF-8.
std::string print_derivations_json(const std::map<StorePath, Derivation>& derivations);
std::map<StorePath, Derivation> parse_derivations_json(const StoreDir& store,
                                                       std::string_view json);

/// One derivation of version 4, alone. A fixed output's path is not in it but computed for `store`.
std::string print_derivation_json(const Derivation& derivation);
Derivation parse_derivation_json(const StoreDir& store, std::string_view json);

}  // namespace grange
