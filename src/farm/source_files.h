#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "compare/explanation.h"

namespace grange {

/// How much is looked at to tell which files of sources differ.
struct SourceFileBounds {
  std::size_t files = 20;                          ///< told of one source
  std::uint64_t bytes = std::uint64_t{128} << 20;  ///< read of all sources together
  std::size_t causes = 1000;                       ///< the first ones of an explanation
};

/// Fills the `source_files` of causes whose sources changed, as "src: lib/a.c changed, lib/b.c only
/// in the head". A source's counterpart is the only other one of its name that changed; both must
/// be in `directory`, a store's. What is not there, cannot be read or lies past the bounds is not
/// told of. Guix's recipe sources are left to the field that shows them. Follows no symlink. Throws
/// CancelledError when stopped.
void find_source_files(Explanation& explanation, const std::filesystem::path& directory,
                       const SourceFileBounds& bounds, const std::stop_token& stop);

}  // namespace grange
