#pragma once

#include "command/command.h"

namespace grange {

// The subcommands of `grange drv`.
void add_drv_show_command(CLI::App& parent, Action& chosen);
void add_drv_id_command(CLI::App& parent, Action& chosen);
void add_drv_outputs_command(CLI::App& parent, Action& chosen);
void add_drv_checks_command(CLI::App& parent, Action& chosen);
void add_drv_diff_command(CLI::App& parent, Action& chosen);
void add_drv_verify_command(CLI::App& parent, Action& chosen);

}  // namespace grange
