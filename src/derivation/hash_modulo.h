#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "derivation/derivation.h"
#include "derivation/modulo_hasher.h"

namespace grange {

/// What is known of a derivation once those below it are known. For whole closures use
/// DerivationGraph, which computes the same much faster.
struct DerivationModulo {
  HashModulo hash;
  /// Nix calls it deferred: its output paths are unknown before the build, because it is floating
  /// or impure, or uses something that is.
  bool paths_unknown = false;
};

/// The modulo of an input derivation; null where it is not known.
using ModuloLookup = std::function<const DerivationModulo*(const StorePath&)>;
/// For derivations without inputs.
inline const DerivationModulo* no_inputs(const StorePath&) {
  return nullptr;
}

/// nix-store.md §4.1. Nothing when an input is not known, or is dynamic (which leaves the hash
/// undefined). A fixed derivation's never depends on its inputs.
std::optional<DerivationModulo> hash_modulo(const StoreDir& store, const Derivation& derivation,
                                            const ModuloLookup& inputs);

/// What the outputs' paths must be, from a modulo; empty where they are unknown. Says nothing of
/// what the derivation states.
std::map<std::string, StorePath> output_paths(const StoreDir& store, const Derivation& derivation,
                                              const DerivationModulo& modulo);

/// Throws InvalidError with the path or variable specified and got, unless every stated output path
/// and the variable of that output are what they must be (nix-store.md §3.3), and none is stated
/// that cannot be known.
void check_derivation(const StoreDir& store, const Derivation& derivation,
                      const DerivationModulo& modulo);

/// Gives deferred outputs whose paths can be known these paths, and their variables, as on
/// instantiation: variables that are missing count as empty while the hash is taken. Others are
/// left as they are. `inputs` as for hash_modulo.
void fill_in_outputs(const StoreDir& store, Derivation& derivation, const ModuloLookup& inputs);

}  // namespace grange
