#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace grange {

/// What the chosen subcommand does; its value is the exit code. Results go to stdout, progress and
/// errors to stderr. Errors are thrown; `main` prints them and takes the code from exit_code.h.
using Action = std::function<int()>;

// One function per file NAME_command.cc: adds the subcommand with its options, examples and exit
// codes (in the footer) to `parent`; when it is chosen, its callback sets `chosen`.
void add_admin_command(CLI::App& parent, Action& chosen);
void add_build_command(CLI::App& parent, Action& chosen);
void add_cache_command(CLI::App& parent, Action& chosen);
void add_ci_command(CLI::App& parent, Action& chosen);
void add_compare_command(CLI::App& parent, Action& chosen);
void add_why_command(CLI::App& parent, Action& chosen);
void add_copy_command(CLI::App& parent, Action& chosen);
void add_daemon_command(CLI::App& parent, Action& chosen);
void add_db_command(CLI::App& parent, Action& chosen);
void add_drv_command(CLI::App& parent, Action& chosen);
void add_evaluate_command(CLI::App& parent, Action& chosen);
void add_gc_command(CLI::App& parent, Action& chosen);
void add_hash_command(CLI::App& parent, Action& chosen);
void add_key_command(CLI::App& parent, Action& chosen);
void add_logs_command(CLI::App& parent, Action& chosen);
void add_nar_command(CLI::App& parent, Action& chosen);
void add_queue_command(CLI::App& parent, Action& chosen);
void add_serve_command(CLI::App& parent, Action& chosen);
void add_sign_command(CLI::App& parent, Action& chosen);
void add_store_command(CLI::App& parent, Action& chosen);
void add_trigger_command(CLI::App& parent, Action& chosen);
void add_wait_command(CLI::App& parent, Action& chosen);

}  // namespace grange
