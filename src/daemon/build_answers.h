#pragma once

#include <string>

#include "daemon/build_service.h"
#include "wire/wire_build_result.h"

namespace grange {

/// Why a wish came to nothing, in the words that Nix's clients know.
std::string failure_text(const StoreDir& store, const StorePath& derivation,
                         const GrantedWish& granted);

WireBuildResult wire_result(const StoreDir& store, const StorePath& derivation,
                            const GrantedWish& granted);

/// The exit status of Nix's commands for a failed build (nix-store.md §9.1).
std::uint64_t failure_status(Outcome outcome) noexcept;

}  // namespace grange
