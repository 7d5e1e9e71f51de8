#pragma once

#include <filesystem>

#include "archive/nar.h"

namespace grange {

/// Copies a file, symlink or tree as its NAR would carry it (content, structure, executable bit) to
/// `destination`, which must not exist, and says what that NAR is: one reading, no NAR anywhere.
/// On failure nothing is left at the destination. Throws what dump_nar and restore_nar throw.
NarDigest copy_tree(const std::filesystem::path& source, const std::filesystem::path& destination);

}  // namespace grange
