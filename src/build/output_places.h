#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "build/string_rewrites.h"
#include "derivation/derivation.h"
#include "derivation/store_path.h"

namespace grange {

/// Where one output is made and where it belongs.
struct OutputPlace {
  std::string name;
  /// Where the finished output belongs. Of a floating one: the same as `made_as`, until it follows
  /// from the content.
  StorePath promised;
  StorePath made_as;  ///< what the builder is told; another one when it is redirected
  /// Where `made_as` is on this host while it is being made.
  std::filesystem::path location;
  bool present = false;  ///< valid already: what the builder makes is discarded
  bool floating = false;

  bool redirected() const { return !floating && made_as != promised; }
};

/// In which world a builder makes its outputs.
enum class BuildWorld {
  builtin,      ///< our own code, which writes wherever it is told
  sandboxed,    ///< a private root, in which every promised path is free
  unsandboxed,  ///< the store itself
};

/// Places all outputs. A builder that works in the store itself must not touch what is valid there,
/// and what it makes for a fixed output must not stand under the promised path before it is
/// verified: those are redirected to a scratch path.
///
/// `directory` is, by world: where builtins write; the root of the sandbox; the physical store.
std::vector<OutputPlace> place_outputs(const StoreDir& store, const StorePath& derivation_path,
                                       DerivationKind kind,
                                       const std::map<std::string, StorePath>& promised,
                                       const std::set<StorePath>& valid, BuildWorld world,
                                       const std::filesystem::path& directory);

/// Places the outputs of a floating or impure derivation. `again` gives others than the first ones,
/// for another round beside it.
std::vector<OutputPlace> place_floating_outputs(const StoreDir& store,
                                                const StorePath& derivation_path,
                                                const Derivation& derivation, BuildWorld world,
                                                const std::filesystem::path& directory, bool again);

/// What is locked for an output as long as nobody knows its path: the same as nix locks.
StorePath lock_name(const StorePath& derivation_path, const std::string& output);

/// What a builder's strings must say instead: the outputs' placeholders become the paths that it is
/// told, and the digests of redirected outputs become those of their scratch paths.
StringRewrites input_rewrites(const StoreDir& store, const std::vector<OutputPlace>& places);

/// A path of its own for one output of one derivation, as long as the promised one, which no other
/// object has (nix-store.md §5.3).
StorePath make_scratch_path(const StoreDir& store, const StorePath& derivation_path,
                            const StorePath& promised);

/// The same for an output whose path is not known before it is made.
StorePath make_floating_scratch_path(const StoreDir& store, const StorePath& derivation_path,
                                     std::string_view output, bool again = false);

}  // namespace grange
