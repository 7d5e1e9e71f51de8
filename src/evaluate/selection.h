#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluate/evaluator.h"

namespace grange {

/// The file that a selection without an expression means, absolute: its own, or ./default.nix, or
/// ./release.nix; in a directory, its default.nix. Throws NotFoundError when it is not there.
std::filesystem::path selection_file(const Selection& selection);

/// Where the selection's file is; for an expression, where its relative paths start. Throws as
/// selection_file does.
std::filesystem::path selection_directory(const Selection& selection);

/// The selection's canonical text with `prefix` (as git shows it: empty, or ending in '/') in the
/// place of its directory: equal for every checkout of the same repository.
std::string selection_line(const Selection& selection, const std::string& prefix);

/// The selected attribute paths, each once, in the order given; the empty path when all is
/// selected. Throws InvalidError.
std::vector<std::vector<std::string>> selected_paths(const Selection& selection);

/// The selection's --arg, --argstr and -I words for nix, with the names of walker_expression.h for
/// what is to be imported. Throws as selection_file does.
std::vector<std::string> selection_arguments(const Selection& selection);

/// What people call it: the file, or "the expression".
std::string selection_title(const Selection& selection);

}  // namespace grange
