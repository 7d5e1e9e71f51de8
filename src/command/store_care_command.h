#pragma once

#include "command/command.h"

namespace grange {

/// The subcommands of `grange store` that change a store or tell what keeps its paths: add, delete,
/// roots, optimise.
void add_store_care_commands(CLI::App& store, Action& chosen);

}  // namespace grange
