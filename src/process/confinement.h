#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace grange {

/// Of a process: uid and gid.
using ProcessIdentity = std::pair<uid_t, gid_t>;

/// Whose root's tools are: this account's, or where there is none of this number. Nothing for
/// anybody but root, whose tools are his own.
std::optional<ProcessIdentity> identity_of_tools(const char* account, uid_t otherwise);

/// What is taken from a tool that works on foreign data (git, cp): privileges, core files, files
/// beyond a size, and the time after this process's end. It is no sandbox: the tool sees what its
/// user may see.
struct Confinement {
  std::filesystem::path launcher;  ///< the grange-launcher binary, which becomes the tool
  /// Its uid and gid, without further groups (root only); nothing: this process's own.
  std::optional<ProcessIdentity> identity;
  std::uint64_t largest_file = 0;  ///< bytes of each file that it writes; 0: as this process
};

/// The words that start `arguments` (a program, searched in PATH, and what it is told) confined;
/// for SpawnOptions. A program that is not there ends with kNoSuchProgram.
std::vector<std::string> confined_arguments(const Confinement& confinement,
                                            std::vector<std::string> arguments);

/// Exit code of a confined program that could not be started.
inline constexpr int kNoSuchProgram = 127;

/// The launcher's side: becomes what confined_arguments described. Returns an exit code when that
/// is impossible, having said why on standard error.
int run_confined(int argc, char** argv) noexcept;

}  // namespace grange
