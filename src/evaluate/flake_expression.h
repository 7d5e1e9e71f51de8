#pragma once

#include <string>

#include "evaluate/fetched_inputs.h"

namespace grange {

/// The Nix text whose value is what a farm makes of a fetched flake: its `hydraJobs`, else its
/// `checks`, else its `packages`, as deep as sets go. Everything that it uses is there already, as
/// its lock file says: nothing is fetched, and no feature of Nix is needed.
std::string flake_expression(const FetchedInputs& inputs);

}  // namespace grange
