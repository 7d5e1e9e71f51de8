#pragma once

#include <filesystem>
#include <string_view>

#include "derivation/content_address.h"
#include "derivation/store_path.h"

namespace grange {

/// The digest of a file or tree by a method: flat and text hash a regular file's bytes, recursive
/// its NAR; occurrences of `hash_part`, where it is not empty, count as zeros (self-references).
/// Throws InvalidError where the method does not fit.
Hash hash_content(const std::filesystem::path& path, ContentMethodAlgorithm method,
                  std::string_view hash_part = {});

}  // namespace grange
