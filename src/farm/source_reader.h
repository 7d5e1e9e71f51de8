#pragma once

#include <filesystem>

#include "compare/recipe_differences.h"

namespace grange {

/// Reads source files of a store's directory, of at most 1 MiB: what a recipe may keep its code in.
/// What is not there, no plain file, larger, or cannot be read is not at hand.
SourceReader source_reader(const std::filesystem::path& directory);

}  // namespace grange
