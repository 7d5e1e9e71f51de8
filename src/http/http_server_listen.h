#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

#include "base/file.h"

namespace grange {

/// A listening TCP socket at the first address that `host` has; `port` 0 takes one that is free.
/// Throws InvalidError for an unknown host and SystemError.
FileDescriptor listen_at_port(const std::string& host, std::uint16_t port);
/// The port of a bound TCP socket.
std::uint16_t bound_port(int socket);

/// A listening Unix socket, bound at `path` in the place of one that nobody listens at any more.
/// Throws ConflictError when somebody does, InvalidError for a path that is too long, SystemError.
FileDescriptor listen_at_path(const std::filesystem::path& path, mode_t mode);

/// "127.0.0.1:4711", "[::1]:4711", or "unix": who is at the other end.
std::string describe_peer(int socket);

}  // namespace grange
