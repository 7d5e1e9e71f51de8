#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "build/build_failure.h"
#include "build/collect_outputs.h"
#include "derivation/derivation.h"
#include "derivation/store_path.h"

namespace grange {

struct AddressRequest {
  const Derivation& derivation;
  const StorePath& derivation_path;
  const StoreDir& store_dir;
  std::function<std::filesystem::path()> spool_file;  ///< names a file that may be made meanwhile
};

/// Gives outputs that were made under scratch paths the paths that follow from their content: in
/// them every scratch path is replaced, and infos have the final paths, references, digests and
/// content addresses (nix-store.md §5.3). All outputs of the derivation are there, canonical, and
/// do not refer to each other in a circle. They end in an order in which references come first.
std::optional<BuildFailure> address_outputs(const AddressRequest& request,
                                            std::vector<CollectedOutput>& outputs);

}  // namespace grange
