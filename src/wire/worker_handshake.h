#pragma once

#include <optional>
#include <set>
#include <string>

#include "wire/buffered_sink.h"
#include "wire/wire_values.h"

namespace grange {

/// Does the server trust the client? Nobody says so below 1.35.
enum class PeerTrust : std::uint8_t { unknown = 0, trusted = 1, not_trusted = 2 };

template <>
struct WireCodec<PeerTrust> {
  static PeerTrust read(WireReader& in) {
    return static_cast<PeerTrust>(in.bounded(2, "a trust flag"));
  }
  static void write(WireWriter& out, PeerTrust trust) {
    out.number(static_cast<std::uint64_t>(trust));
  }
};

/// What the server tells of itself after versions are agreed on.
struct WorkerServerInfo {
  std::string nix_version{};             ///< from 1.33 on, for people
  PeerTrust trust = PeerTrust::unknown;  ///< from 1.35 on

  static WorkerServerInfo read(WireReader& in);
  void write(WireWriter& out) const;
};

/// What one side announces.
struct WorkerAnnouncement {
  ProtocolVersion version = kWorkerVersion;
  std::set<std::string, std::less<>> features{};
};

struct WorkerConnectionInfo {
  WireDialect dialect;
  WorkerServerInfo server;
};

/// The client's part (nix-store.md §8.1), up to where the server sends frames until LAST, which is
/// the caller's. Flushes `out` where the server has its turn. Throws CorruptError when the peer
/// speaks another protocol, UnavailableError when it is older than 1.16.
WorkerConnectionInfo greet_worker_server(Source& in, BufferedSink& out, const StoreDir& store,
                                         const WorkerAnnouncement& ours);

/// The server's part, up to the same place: the caller sends LAST, or an error, and flushes.
WireDialect greet_worker_client(Source& in, BufferedSink& out, const StoreDir& store,
                                const WorkerAnnouncement& ours, const WorkerServerInfo& info);

}  // namespace grange
