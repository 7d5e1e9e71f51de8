#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "build/attempt_area.h"
#include "build/output_places.h"
#include "store/local_store.h"

namespace grange {

/// What a failed attempt leaves for people to look at (`--keep-failed`).
struct FailedAttempt {
  std::string_view derivation_name;
  std::filesystem::path build_directory;  ///< empty: there was none
  bool sandboxed = false;
  const std::vector<OutputPlace>& places;
};

/// Leaves the build directory and whatever outputs there are behind, the latter never where they
/// were promised. Returns where, as the end of a sentence: "; its build directory is kept at '…'".
std::string keep_failed(const StoreLocation& location, AttemptArea& area,
                        const FailedAttempt& attempt);

}  // namespace grange
