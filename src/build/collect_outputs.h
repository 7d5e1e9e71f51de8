#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "build/build_failure.h"
#include "build/output_places.h"
#include "derivation/derivation.h"
#include "derivation/path_info.h"

namespace grange {

/// One finished output: canonical, hashed, verified, and still where it was made.
struct CollectedOutput {
  OutputPlace place;
  PathInfo info;
};

struct CollectRequest {
  const Derivation& derivation;
  const StorePath& derivation_path;
  const StoreDir& store_dir;
  const std::vector<OutputPlace>& places;
  const std::set<StorePath>& candidates;  ///< what outputs may refer to, beside each other
  std::optional<uid_t> builder;           ///< whose files are accepted; nothing: anybody's
  std::function<std::filesystem::path()> spool_file;  ///< names a file that may be made meanwhile
};

/// Takes a look at everything that the builder made and that is not valid already: in one pass over
/// each, its digest and references. Nothing is moved or registered yet.
std::variant<std::vector<CollectedOutput>, BuildFailure> collect_outputs(
    const CollectRequest& request);

/// Two outputs that refer to each other, directly or through others; nothing when there is no cycle
/// (an output may refer to itself).
std::optional<std::pair<std::string, std::string>> find_cycle(
    const std::vector<CollectedOutput>& outputs);

}  // namespace grange
