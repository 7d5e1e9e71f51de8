#pragma once

#include <filesystem>

#include "base/file.h"

namespace grange {

/// Nix's gc-socket, STATE/gc-socket/socket (STATE: ROOT/nix/var/nix): where a running collector
/// hears of roots.
///
/// What nix 2.8 does with it was seen with strace (and is what tests/system/collects_while_building
/// rests on): refused, or at the end of a connection (EOF, EPIPE), it tries the lock again; any
/// other error (seen: ENOENT, ENOTCONN) it ignores, for the rest of its life if connecting failed,
/// and goes on as if it had been heard. So the name must be there before anybody can find gc.lock
/// taken, and no connection may be reset.

/// Makes the name if there is none, so that to connect is refused. Call before taking gc.lock.
void ensure_collector_socket(const std::filesystem::path& state);

/// Listens at the name, in place of what was there. It is left behind at the end, as Nix does; to
/// connect is then refused. The caller holds gc.lock alone.
FileDescriptor listen_at_collector_socket(const std::filesystem::path& state);

/// A connection to the collector that runs; empty when none listens: it is just starting, or has
/// ended.
FileDescriptor connect_to_collector_socket(const std::filesystem::path& state);

/// Ends a connection so that the other side sees its end and not a reset, whatever it has sent.
void close_gently(FileDescriptor socket) noexcept;

}  // namespace grange
