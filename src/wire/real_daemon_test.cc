#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/file.h"
#include "wire/framed_data.h"
#include "wire/wire_samples.h"
#include "wire/worker_handshake.h"

namespace grange {
namespace {

/// The real daemon on a store of its own, spoken to by pipes; `timeout` ends what hangs.
class RealDaemon {
 public:
  RealDaemon() {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (::pipe2(to.data(), O_CLOEXEC) != 0) throw_errno("making a pipe");
    if (::pipe2(from.data(), O_CLOEXEC) != 0) throw_errno("making a pipe");
    const auto root = directory_.path().string();
    std::vector<std::string> words = {"timeout", "120", "env", "-u", "NIX_REMOTE"};
    for (const std::string name : {"STORE", "STATE", "LOG", "CONF"}) {
      words.push_back("NIX_" + name + "_DIR=" + root + "/" + name);
    }
    for (const auto* word :
         {"nix-daemon", "--stdio", "--option", "build-users-group", "", "--option", "sandbox",
          "false", "--option", "system", "x86_64-linux", "--option", "substitute", "false"}) {
      words.emplace_back(word);
    }
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    const int failed =
        ::posix_spawnp(&child_, "timeout", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    to_ = to[1];
    from_ = from[0];
    if (failed != 0) child_ = -1;
  }
  ~RealDaemon() {
    ::close(to_);
    ::close(from_);
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }
  RealDaemon(const RealDaemon&) = delete;
  RealDaemon& operator=(const RealDaemon&) = delete;

  StoreDir store() const { return StoreDir::parse(directory_.path().string() + "/STORE"); }
  int to() const { return to_; }
  int from() const { return from_; }

 private:
  TemporaryDirectory directory_;
  pid_t child_ = -1;
  int to_ = -1;
  int from_ = -1;
};

/// A client of the crudest kind.
class DaemonClient {
 public:
  explicit DaemonClient(RealDaemon& daemon)
      : source_(daemon.from()),
        sink_(daemon.to()),
        out_(sink_),
        info_(greet_worker_server(source_, out_, daemon.store(), {})),
        reader_(source_, info_.dialect),
        writer_(out_, info_.dialect) {
    pass_frames();
  }

  const WorkerConnectionInfo& info() const { return info_; }
  Source& source() { return source_; }

  template <typename Request>
  typename Request::Reply ask(const Request& request, std::string_view framed = {}) {
    write_worker_request(writer_, WorkerRequest(request));
    if (request_stream(info_.dialect, WorkerRequest(request)) == WireStream::framed) {
      FramedSink frames(out_);
      frames.write(framed);
      frames.finish();
    }
    out_.flush();
    pass_frames();
    return reader_.get<typename Request::Reply>();
  }

 private:
  void pass_frames() {
    for (;;) {
      reader_.start_message();
      const auto frame = read_worker_frame(reader_);
      if (std::holds_alternative<LastFrame>(frame)) return;
      if (const auto* error = std::get_if<ErrorFrame>(&frame)) {
        throw ConflictError(error->message);
      }
    }
  }

  FdSource source_;
  FdSink sink_;
  BufferedSink out_;
  WorkerConnectionInfo info_;
  WireReader reader_;
  WireWriter writer_;
};

TEST(RealDaemon, UnderstandsAndIsUnderstood) {
  if (std::system("command -v nix-daemon > /dev/null && command -v timeout > /dev/null") != 0) {
    GTEST_SKIP() << "there is no nix-daemon";
  }
  RealDaemon daemon;
  const auto store = daemon.store();
  DaemonClient client(daemon);
  EXPECT_FALSE(client.info().server.nix_version.empty());
  client.ask(SetOptions{});

  const AddToStore request{"note.txt", {ContentMethod::text, HashAlgorithm::sha256}};
  const auto added = client.ask(request, "hello");
  EXPECT_EQ(added.path, make_text_path(store, "note.txt", "hello", {}));
  ASSERT_TRUE(added.info.has_value());
  EXPECT_TRUE(client.ask(IsValidPath{added.path}));
  EXPECT_FALSE(client.ask(IsValidPath{sample_path("foo")}));
  EXPECT_FALSE(client.ask(QueryPathInfo{sample_path("foo")}).info.has_value());
  const auto info = client.ask(QueryPathInfo{added.path}).info;
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->nar_hash, added.info->nar_hash);
  EXPECT_EQ(
      info->content_address->to_string(),
      ContentAddress::parse("text:sha256:" +
                            hash_bytes(HashAlgorithm::sha256, "hello").digits(HashFormat::nix32))
          .to_string());
  EXPECT_THROW(client.ask(EnsurePath{sample_path("foo")}), ConflictError);
  EXPECT_EQ(client.ask(QueryValidPaths{{added.path, sample_path("foo")}}), std::set{added.path});
  EXPECT_EQ(client.ask(QueryPathFromHashPart{std::string(added.path.hash_part())}), added.path);

  const auto out = make_output_path(store, sha256("hello"), "out", "foo");
  auto sample = sample_derivation(InputAddressedOutput{out});
  sample.derivation.input_sources = {added.path};
  sample.derivation.environment = {{"out", store.print(out)}, {"note", store.print(added.path)}};
  sample.derivation.arguments = {"-c", "read x < $note; echo made of $x > $out"};
  const auto missing = client.ask(QueryMissing{{DerivedPath::opaque(out)}});
  EXPECT_EQ(missing.unknown, std::set{out});
  const auto built = client.ask(BuildDerivation{sample});
  EXPECT_EQ(built.status, WireBuildStatus::built) << built.error;
  EXPECT_EQ(client.ask(QueryReferences{out}), std::set<StorePath>{});

  client.ask(NarFromPath{out});
  HashSink nar(HashAlgorithm::sha256);
  copy_nar(client.source(), nar);
  const auto made = client.ask(QueryPathInfo{out}).info;
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(nar.finish(), made->nar_hash);
  EXPECT_EQ(nar.size(), made->nar_size);

  sample.path = sample_path("bad.drv");
  sample.derivation.outputs.at("out") =
      InputAddressedOutput{make_output_path(store, sha256("bad"), "out", "bad")};
  sample.derivation.arguments = {"-c", "exit 3"};
  EXPECT_EQ(client.ask(BuildDerivation{sample}).status, WireBuildStatus::permanent_failure);
}

}  // namespace
}  // namespace grange
