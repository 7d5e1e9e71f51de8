#pragma once

#include <filesystem>
#include <stop_token>
#include <vector>

#include "build/attempt_area.h"
#include "build/collect_outputs.h"
#include "store/local_store.h"

namespace grange {

/// Moves finished outputs to their promised paths and registers all of them at once. When it
/// throws, none is registered and none is left there. Their locks must be held.
void install_outputs(LocalStore& store, const std::vector<CollectedOutput>& outputs);

/// The same for outputs whose paths follow from their content, and which anybody else may have made
/// or copied meanwhile: what is valid already stays as it is. Takes their locks itself.
void install_floating_outputs(LocalStore& store, const std::vector<CollectedOutput>& outputs,
                              AttemptArea& area, const std::stop_token& stop);

/// Renames a file tree, also a directory that is not writable, for which only root is allowed to.
void move_tree(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace grange
