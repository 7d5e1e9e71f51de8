#pragma once

#include <filesystem>

#include "base/file.h"

namespace grange {

/// Where the socket of a nested store is in a build directory: Nix's name for it.
std::filesystem::path nested_socket_in(const std::filesystem::path& build_directory);

/// Listens there, for the socket's owner alone. The directory's path may be longer than that of a
/// socket. Nobody else may use the directory yet.
FileDescriptor listen_in(const std::filesystem::path& build_directory);

}  // namespace grange
