#include "wire/worker_handshake.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kWorkerClientMagic = 0x6e697863;
constexpr std::uint64_t kWorkerServerMagic = 0x6478696f;

/// What is read before anything is agreed on.
WireDialect undecided(const StoreDir& store, ProtocolVersion version) {
  WireDialect dialect{store, version};
  dialect.limits.string = 8192;
  dialect.limits.items = 256;
  return dialect;
}

ProtocolVersion agree(ProtocolVersion ours, ProtocolVersion theirs) {
  if (theirs.major != ours.major) {
    throw CorruptError("the peer speaks worker protocol " + theirs.to_string() + ", we speak " +
                       ours.to_string());
  }
  if (theirs < kOldestWorkerVersion) {
    throw UnavailableError("the peer speaks worker protocol " + theirs.to_string() +
                           "; the oldest that we speak is " + kOldestWorkerVersion.to_string());
  }
  return std::min(ours, theirs);
}

void expect_magic(WireReader& in, std::uint64_t magic, std::string_view whom) {
  if (in.number() != magic) {
    throw CorruptError("the peer is no " + std::string(whom) + " of the worker protocol");
  }
}

using Features = std::set<std::string, std::less<>>;

Features common(const Features& ours, const Features& theirs) {
  Features both;
  std::set_intersection(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                        std::inserter(both, both.end()));
  return both;
}

}  // namespace

WorkerServerInfo WorkerServerInfo::read(WireReader& in) {
  WorkerServerInfo info;
  if (in.at_least(33)) info.nix_version = in.string();
  if (in.at_least(35)) info.trust = in.get<PeerTrust>();
  return info;
}

void WorkerServerInfo::write(WireWriter& out) const {
  if (out.at_least(33)) out.string(nix_version);
  if (out.at_least(35)) out.put(trust);
}

WorkerConnectionInfo greet_worker_server(Source& in, BufferedSink& out, const StoreDir& store,
                                         const WorkerAnnouncement& ours) {
  auto dialect = undecided(store, ours.version);
  WireReader reader(in, dialect);
  WireWriter writer(out, dialect);
  writer.number(kWorkerClientMagic).number(ours.version.number());
  out.flush();
  expect_magic(reader, kWorkerServerMagic, "server");
  dialect.version = agree(ours.version, ProtocolVersion::from_number(reader.number()));
  if (dialect.at_least(38)) {
    writer.put(ours.features);
    out.flush();
    dialect.features = common(ours.features, reader.get<Features>());
  }
  writer.number(0).number(0);  // no processor affinity, no reserved space
  out.flush();
  const auto server = WorkerServerInfo::read(reader);
  return {{store, dialect.version, dialect.features}, server};
}

WireDialect greet_worker_client(Source& in, BufferedSink& out, const StoreDir& store,
                                const WorkerAnnouncement& ours, const WorkerServerInfo& info) {
  auto dialect = undecided(store, ours.version);
  WireReader reader(in, dialect);
  WireWriter writer(out, dialect);
  expect_magic(reader, kWorkerClientMagic, "client");
  writer.number(kWorkerServerMagic).number(ours.version.number());
  out.flush();
  dialect.version = agree(ours.version, ProtocolVersion::from_number(reader.number()));
  if (dialect.at_least(38)) {
    dialect.features = common(ours.features, reader.get<Features>());
    writer.put(ours.features);
    out.flush();
  }
  if (reader.number() != 0) reader.number();  // processor affinity: obsolete
  reader.number();                            // reserved space: obsolete
  writer.put(info);
  return {store, dialect.version, dialect.features};
}

}  // namespace grange
