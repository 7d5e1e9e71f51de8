#pragma once

#include <filesystem>
#include <map>
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
  /// Of outputs that are kept beside what is valid: the valid paths, by output name.
  std::map<std::string, StorePath> checked{};
};

struct KeptAttempt {
  std::string told;  ///< as the end of a sentence: "; its build directory is kept at '…'"
  std::map<std::string, std::filesystem::path> outputs{};  ///< where they are, by name
};

/// Leaves the build directory and whatever outputs there are behind, the latter never where they
/// were promised: some at VALID_PATH.check in the store directory, in the place of what an
/// earlier check left there; a collection takes them.
KeptAttempt keep_failed(const StoreLocation& location, AttemptArea& area,
                        const FailedAttempt& attempt);

}  // namespace grange
