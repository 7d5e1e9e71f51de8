#pragma once

#include <optional>
#include <string_view>

#include "compare/recipe_text.h"

namespace grange {

/// How much two recipes are alike, 0 to 1: the part of their telling fields (how they are begun:
/// builder and arguments; variables that are not empty, not names, and not in every recipe) that is
/// equal when the digests in store paths are not looked at. Nothing for different systems, outputs
/// or kinds: those never stand for each other.
std::optional<double> likeness_of(std::string_view store, const RecipeText& a, const RecipeText& b);

/// Above this two recipes of different names are taken for one that was renamed or moved.
inline constexpr double kRenamed = 0.5;

}  // namespace grange
