#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "build/build_failure.h"
#include "build/string_rewrites.h"
#include "derivation/derivation.h"
#include "store/local_store.h"

namespace grange {

/// A builtin that only works on what is in the store.
struct StoreBuiltin {
  const Derivation& derivation;
  const StringRewrites& rewrites;  ///< of its variables
  const StoreLocation& location;
  const std::set<StorePath>& input_closure;  ///< all it sees
  std::filesystem::path output;              ///< where `out` goes; nothing is there yet
  std::uint64_t max_bytes = 0;               ///< of what an archive unpacks to
  std::function<void(const std::string&)> report;
  std::function<void()> checkpoint;  ///< called often; may throw to stop it
};

/// `builtin:buildenv`: the union of packages, as nix-env makes user environments. What the packages
/// do to be wrong is a failure; thrown is what the disk says, and what `checkpoint` throws.
std::optional<BuildFailure> build_environment(const StoreBuiltin& builtin);

/// `builtin:unpack-channel`: unpacks `src`, an archive with one thing at its top, which gets the
/// name `channelName`. The same.
std::optional<BuildFailure> unpack_channel(const StoreBuiltin& builtin);

}  // namespace grange
