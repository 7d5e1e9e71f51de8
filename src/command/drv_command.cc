#include "command/drv_command.h"

#include <CLI/CLI.hpp>

namespace grange {

void add_drv_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand(
      "drv", "Look at derivations: show them, name them, compare them, verify them");
  command->require_subcommand(1);
  command->footer(R"(
Works on .drv files wherever they lie; the inputs of each are found beside it.

Examples:
  grange drv show 5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv
  grange drv id *.drv
  grange drv diff old.drv new.drv
  grange drv verify drvs/
  grange drv outputs /nix/store/…-hello.drv
  grange drv checks /nix/store/…-hello.drv)");
  add_drv_show_command(*command, chosen);
  add_drv_id_command(*command, chosen);
  add_drv_outputs_command(*command, chosen);
  add_drv_checks_command(*command, chosen);
  add_drv_diff_command(*command, chosen);
  add_drv_verify_command(*command, chosen);
}

}  // namespace grange
