#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include <CLI/CLI.hpp>
#include <malloc.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"

namespace {

using namespace grange;

/// What a thread frees goes to its next allocation instead of back to the kernel: most buffers are
/// of a few sizes and short-lived, and getting their pages anew took a third of a copy's time.
void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int run(int argc, char** argv) {
  if (const char* fault = std::getenv("GRANGE_FAULT")) set_fault(fault);
  CLI::App app("Grange: a build farm for Nix and Guix derivations", "grange");
  app.set_version_flag("--version", "grange " GRANGE_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  Action chosen;
  add_ci_command(app, chosen);
  add_build_command(app, chosen);
  add_evaluate_command(app, chosen);
  add_compare_command(app, chosen);
  add_why_command(app, chosen);
  add_drv_command(app, chosen);
  add_hash_command(app, chosen);
  add_serve_command(app, chosen);
  add_trigger_command(app, chosen);
  add_queue_command(app, chosen);
  add_logs_command(app, chosen);
  add_wait_command(app, chosen);
  add_admin_command(app, chosen);
  add_db_command(app, chosen);
  add_nar_command(app, chosen);
  add_store_command(app, chosen);
  add_gc_command(app, chosen);
  add_copy_command(app, chosen);
  add_cache_command(app, chosen);
  add_daemon_command(app, chosen);
  add_sign_command(app, chosen);
  add_key_command(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::fprintf(stderr, "grange: %s\nRun with --help for usage.\n", error.what());
    return kExitUsage;
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const grange::Error& error) {
    std::fprintf(stderr, "grange: error: %s\n", grange::printable(error.message()).c_str());
    for (const auto& context : error.contexts()) {
      std::fprintf(stderr, "  %s\n", grange::printable(context).c_str());
    }
    return grange::exit_code_of(error.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "grange: error: out of memory\n");
    return grange::kExitTryAgain;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grange: internal error: %s\n", error.what());
    return grange::kExitInternal;
  }
}
