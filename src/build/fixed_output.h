#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "archive/nar.h"
#include "build/build_failure.h"
#include "derivation/content_address.h"
#include "derivation/store_path.h"

namespace grange {

/// Why a fixed output is not what its derivation specifies; nothing when it is. `shown` is the
/// derivation's full path, `nar` the digest and references of the (canonical) tree.
///
/// A fixed output must not refer to store paths: its own path would then depend on them. Nix 2.8
/// accepted such outputs and registered them under another path than the promised one; later
/// versions refuse them, as we do.
std::optional<BuildFailure> check_fixed_output(std::string_view shown, const StoreDir& store,
                                               const ContentAddress& specified,
                                               const std::filesystem::path& tree,
                                               const ScannedNar& nar);

/// Is it a file that can be addressed by its bytes alone: regular, and not executable?
bool is_plain_file(const std::filesystem::path& file);

}  // namespace grange
