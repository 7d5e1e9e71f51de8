#pragma once

#include "command/command.h"

namespace grange {

/// `grange store verify`.
void add_store_verify_command(CLI::App& store, Action& chosen);

}  // namespace grange
