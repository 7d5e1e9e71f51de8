#include "wire/worker_handshake.h"

#include <gtest/gtest.h>

#include "wire/serve_operation.h"
#include "wire/wire_samples.h"

namespace grange {
namespace {

/// What a side sends does not depend on timing, so each can be run against the other's recording:
/// the client's is gathered with a server whose bytes are made up by hand.
std::string server_bytes(const WireDialect& agreed, const WorkerAnnouncement& server,
                         const WorkerServerInfo& info) {
  std::string bytes = encode(agreed, std::uint64_t{0x6478696f});
  bytes += encode(agreed, server.version.number());
  if (agreed.at_least(38)) bytes += encode(agreed, server.features);
  return bytes + encode(agreed, info);
}

TEST(WorkerHandshake, BothSidesAgreeOnTheLower) {
  for (const unsigned client_minor : {16U, 25U, 34U, 37U, 38U}) {
    for (const unsigned server_minor : {16U, 32U, 33U, 35U, 38U}) {
      const WorkerAnnouncement client{{1, client_minor}, {"a", "b"}};
      const WorkerAnnouncement server{{1, server_minor}, {"b", "c"}};
      const auto agreed = sample_dialect({1, std::min(client_minor, server_minor)});
      const WorkerServerInfo info{"2.8.0", PeerTrust::trusted};
      const auto answers = server_bytes(agreed, server, info);
      StringSource to_client(answers);
      StringSink sent;
      BufferedSink buffered(sent);
      const auto got = greet_worker_server(to_client, buffered, StoreDir::nix(), client);
      EXPECT_EQ(got.dialect.version, agreed.version);
      EXPECT_EQ(got.dialect.has("b"), agreed.at_least(38));
      EXPECT_FALSE(got.dialect.has("a"));
      EXPECT_EQ(got.server.nix_version, agreed.at_least(33) ? "2.8.0" : "");
      EXPECT_EQ(got.server.trust, agreed.at_least(35) ? PeerTrust::trusted : PeerTrust::unknown);
      EXPECT_EQ(read_all(to_client, 1), "");

      StringSource to_server(sent.text());
      StringSink replied;
      BufferedSink replies(replied);
      const auto served = greet_worker_client(to_server, replies, StoreDir::nix(), server, info);
      replies.flush();
      EXPECT_EQ(served.version, agreed.version);
      EXPECT_EQ(served.features, got.dialect.features);
      EXPECT_EQ(replied.text(), answers);
      EXPECT_EQ(read_all(to_server, 1), "");
    }
  }
}

TEST(WorkerHandshake, RefusesOldAndForeignPeers) {
  const auto agreed = sample_dialect({1, 15});
  StringSink sent;
  BufferedSink out(sent);
  const auto old = server_bytes(agreed, {{1, 15}, {}}, {});
  StringSource old_server(old);
  EXPECT_THROW(greet_worker_server(old_server, out, StoreDir::nix(), {}), UnavailableError);
  const auto other = server_bytes(agreed, {{2, 15}, {}}, {});
  StringSource other_server(other);
  EXPECT_THROW(greet_worker_server(other_server, out, StoreDir::nix(), {}), CorruptError);
  StringSource garbage("SSH-2.0-OpenSSH_9.2");
  EXPECT_THROW(greet_worker_server(garbage, out, StoreDir::nix(), {}), CorruptError);
  StringSource garbage_client("GET / HTTP/1.1\r\n");
  EXPECT_THROW(greet_worker_client(garbage_client, out, StoreDir::nix(), {}, {}), CorruptError);
}

TEST(ServeHandshake, BothSidesAgreeOnTheLower) {
  const auto any = sample_dialect({2, 1});
  for (const unsigned minor : {1U, 5U, 8U, 9U}) {
    const auto answers =
        encode(any, std::uint64_t{0x5452eecb}) + encode(any, std::uint64_t{0x200U + minor});
    StringSource to_client(answers);
    StringSink sent;
    BufferedSink out(sent);
    EXPECT_EQ(greet_serve_server(to_client, out, StoreDir::nix()).version,
              (ProtocolVersion{2, std::min(minor, 8U)}));
    StringSource to_server(sent.text());
    StringSink replied;
    BufferedSink replies(replied);
    const auto served = greet_serve_client(to_server, replies, StoreDir::nix(), {2, minor});
    EXPECT_EQ(served.version, (ProtocolVersion{2, std::min(minor, 8U)}));
    EXPECT_EQ(replied.text(), answers);
  }
}

TEST(ServeOperation, EveryRequestOfEveryVersionGoesRound) {
  const auto foo = sample_path("foo");
  const std::vector<DerivedPath> targets = {DerivedPath::opaque(foo),
                                            DerivedPath::outputs_of(sample_path("a.drv"), {"x"})};
  const std::vector<ServeRequest> requests = {
      ServeQueryValidPaths{true, false, {foo}},
      ServeQueryPathInfos{{foo}},
      ServeDumpStorePath{foo},
      ServeImportPaths{},
      ServeExportPaths{{foo}},
      ServeBuildPaths{targets, {1, 2, 3, 4, true, true}},
      ServeQueryClosure{true, {foo}},
      ServeBuildDerivation{sample_derivation(InputAddressedOutput{foo}), {1, 2}},
      ServeAddToStoreNar{sample_info()}};
  for (unsigned minor = 1; minor <= 8; ++minor) {
    const auto dialect = sample_dialect({2, minor});
    for (const auto& request : requests) {
      StringSink sink;
      WireWriter out(sink, dialect);
      if (minor < 5 && std::holds_alternative<ServeAddToStoreNar>(request)) {
        EXPECT_THROW(write_serve_request(out, request), InvalidError);
        continue;
      }
      write_serve_request(out, request);
      StringSource source(sink.text());
      WireReader in(source, dialect);
      StringSink again;
      WireWriter out_again(again, dialect);
      write_serve_request(out_again, read_serve_request(in));
      EXPECT_EQ(again.text(), sink.text());
      EXPECT_EQ(read_all(source, 1), "");
      for (std::size_t size = 0; size < sink.text().size(); ++size) {
        StringSource cut(std::string_view(sink.text()).substr(0, size));
        WireReader cut_in(cut, dialect);
        EXPECT_THROW(read_serve_request(cut_in), CorruptError);
      }
    }
    const auto infos = encode(dialect, ServePathInfos{{sample_info(), sample_info()}});
    StringSource source(infos);
    WireReader in(source, dialect);
    EXPECT_EQ(encode(dialect, in.get<ServePathInfos>()), infos);
  }
}

}  // namespace
}  // namespace grange
