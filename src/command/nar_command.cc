#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/stream.h"
#include "command/command.h"
#include "command/exit_code.h"

namespace grange {
namespace {

constexpr const char* kDumpFooter = R"(
Writes the archive of a file, symlink or directory to standard output, byte for byte as Nix does.

Examples:
  grange nar dump ./tree > tree.nar
  grange nar dump ./tree | sha256sum

Exit codes:
  0 done · 64 usage · 65 something that a NAR cannot hold · 66 no such path · 77 not permitted)";

constexpr const char* kRestoreFooter = R"(
Reads an archive from standard input and makes DEST of it, which must not exist yet. Malformed
archives are refused and leave nothing behind. Reads nothing beyond the archive's end.

Examples:
  grange nar restore ./copy < tree.nar
  xz -d < tree.nar.xz | grange nar restore ./copy

Exit codes:
  0 done · 64 usage · 65 malformed archive · 75 DEST exists, or the disk is full · 77 not permitted)";

int run_dump(const std::string& path) {
  if (::isatty(STDOUT_FILENO) == 1) {
    throw InvalidError("a NAR is not for terminals; send it to a file or a program");
  }
  FdSink sink(STDOUT_FILENO);
  with_context([&] { return "while dumping '" + path + "'"; }, [&] { dump_nar(path, sink); });
  return kExitGood;
}

int run_restore(const std::string& destination) {
  FdSource source(STDIN_FILENO);
  with_context([&] { return "while restoring '" + destination + "'"; },
               [&] { restore_nar(destination, source); });
  return kExitGood;
}

}  // namespace

void add_nar_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("nar", "Write and restore Nix archives");
  command->require_subcommand(1);
  command->footer(R"(
Examples:
  grange nar dump ./tree > tree.nar
  grange nar restore ./copy < tree.nar)");

  const auto path = std::make_shared<std::string>();
  auto* dump = command->add_subcommand("dump", "Write a path as a NAR to standard output");
  dump->add_option("PATH", *path, "File, symlink or directory")->required();
  dump->footer(kDumpFooter);
  dump->callback([path, &chosen] { chosen = [path] { return run_dump(*path); }; });

  auto* restore = command->add_subcommand("restore", "Restore a NAR from standard input");
  restore->add_option("DEST", *path, "What to make; must not exist")->required();
  restore->footer(kRestoreFooter);
  restore->callback([path, &chosen] { chosen = [path] { return run_restore(*path); }; });
}

}  // namespace grange
