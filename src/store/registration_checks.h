#pragma once

#include <filesystem>
#include <vector>

#include "derivation/path_info.h"
#include "derivation/store_path.h"
#include "store/path_writer.h"

namespace grange {

/// Throws InvalidError unless the content address of `info`, if it has one, leads to its path.
void check_content_address_claim(const StoreDir& store, const PathInfo& info);

/// Reads the derivations among `infos` from `real_store` and recomputes what they state. Throws
/// InvalidError for a .drv whose text, own path or output paths are wrong. Returns the outputs
/// whose paths are statically known.
DerivationOutputPaths check_derivations(const StoreDir& store,
                                        const std::filesystem::path& real_store,
                                        const std::vector<PathInfo>& infos);

}  // namespace grange
