#include "evaluate/tree_fetch.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "evaluate/testing_git.h"
#include "http/http_client_test_server.h"

namespace grange {
namespace {

using testing::HasSubstr;

class TreeFetchTest : public FetchTest {
 protected:
  TreeFetchTest() : http_(loopback_options(), clock) {}

  void write(const std::string& name, std::string_view text) const {
    grange::create_directories((area.path() / name).parent_path());
    write_file(area.path() / name, text);
  }
  StorePath path(const std::string& rest) {
    const auto parsed = parse_input({"p", InputType::path, (area.path() / rest).string()}).value;
    return with_run([&](const FetchRun& run, const KnownTrees& known) {
      return fetch_path(std::get<PathInput>(parsed), run, known);
    });
  }
  StorePath tarball(const std::string& url) {
    const auto parsed = parse_input({"t", InputType::tarball, url}).value;
    return with_run([&](const FetchRun& run, const KnownTrees& known) {
      return fetch_tarball(std::get<TarballInput>(parsed), run, known, http_);
    });
  }
  /// Of `from` below the area, with what is in it.
  std::filesystem::path pack(const std::string& from, std::vector<std::string> options) const {
    const auto file = area.path() / (from + ".tar.gz");
    SpawnOptions spawn;
    spawn.arguments = {"tar", "-czf", file.string(), "-C", area.path().string()};
    spawn.arguments.insert(spawn.arguments.end(), options.begin(), options.end());
    spawn.arguments.push_back(from);
    SystemProcessRunner tar;
    EXPECT_TRUE(tar.run(spawn, "", {}, {}).status.success());
    return file;
  }

  HttpClient http_;

 private:
  template <typename Action>
  StorePath with_run(Action&& action) {
    const FetchSpace space(fetch, runner, clock);
    const FetchRun run(space, fetch.timeout, {});
    return action(run, KnownTrees(space, store()));
  }
};

TEST_F(TreeFetchTest, CopiesPaths) {
  write("tree/a", "one\n");
  std::filesystem::create_symlink("/etc/shadow", area.path() / "tree/link");
  std::filesystem::create_symlink("tree", area.path() / "to-tree");
  const auto copied = path("tree 0");
  EXPECT_EQ(copied.name(), "source");
  EXPECT_EQ(file_in(copied, "a"), "one\n");
  EXPECT_EQ(std::filesystem::read_symlink(store().real_path(copied) / "link"), "/etc/shadow");
  EXPECT_EQ(path("to-tree 0"), copied);
  write("file", "text\n");
  EXPECT_EQ(read_file(store().real_path(path("file"))), "text\n");
}

TEST_F(TreeFetchTest, LooksAtAPathAgainAfterItsTime) {
  write("tree/a", "one\n");
  const auto before = path("tree 1000");
  write("tree/a", "two\n");
  EXPECT_EQ(path("tree 1000"), before);
  const auto after = path("tree 0");
  EXPECT_NE(after, before);
  EXPECT_EQ(file_in(after, "a"), "two\n");
}

TEST_F(TreeFetchTest, RefusesPathsThatCannotBeCopied) {
  EXPECT_THAT(message_of<NotFoundError>([&] { path("nothing"); }), HasSubstr("nothing'"));
  grange::create_directories(area.path() / "odd");
  ASSERT_EQ(::mkfifo((area.path() / "odd/fifo").c_str(), 0666), 0);
  EXPECT_NE(message_of<InvalidError>([&] { path("odd"); }), "");
  if (!fetch.identity) return;
  write("secret", "secret\n");
  ::chmod((area.path() / "secret").c_str(), 0600);
  EXPECT_THAT(message_of<DeniedError>([&] { path("secret"); }), HasSubstr("readable for uid"));
}

TEST_F(TreeFetchTest, BoundsPaths) {
  write("large/a", std::string(3'000'000, 'a'));
  fetch.max_bytes = 1'000'000;
  EXPECT_THAT(message_of<InvalidError>([&] { path("large"); }), HasSubstr("limit"));
}

TEST_F(TreeFetchTest, UnpacksTarballs) {
  write("top/a", "one\n");
  write("top/dir/b", "two\n");
  const auto file = pack("top", {});
  const auto unpacked = tarball("file://" + file.string());
  EXPECT_EQ(unpacked, path("top"));
  // Several things at the top stay where they are.
  write("other", "other\n");
  const auto several = pack("top", {"other"});
  EXPECT_EQ(file_in(tarball("file://" + several.string()), "other"), "other\n");
}

TEST_F(TreeFetchTest, DownloadsATarballOnceUntilItChanges) {
  write("top/a", "one\n");
  const auto body = read_file(pack("top", {}));
  std::atomic<int> whole = 0;
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target != "/top.tar.gz") return reply.send_all(404, "", "");
    if (request.headers.get("If-None-Match") == "\"v1\"") {
      return reply.send("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    }
    ++whole;
    reply.send_all(200, "ETag: \"v1\"\r\n", body);
  });
  const auto url = server.url("/top.tar.gz").to_string();
  const auto first = tarball(url);
  EXPECT_EQ(file_in(first, "a"), "one\n");
  EXPECT_EQ(tarball(url), first);
  EXPECT_EQ(whole, 1);
  EXPECT_NE(message_of<NotFoundError>([&] { tarball(server.url("/none").to_string()); }), "");
  EXPECT_EQ(tarball(url), first);
  fetch.max_tarball = 10;
  store().invalidate(first);
  EXPECT_THAT(message_of<InvalidError>([&] { tarball(url); }), HasSubstr("more than 10 B"));
}

TEST_F(TreeFetchTest, BoundsTarballs) {
  write("top/a", std::string(2'000'000, 'a'));
  const auto file = pack("top", {});
  const auto url = "file://" + file.string();
  fetch.max_tarball = 100;
  EXPECT_THAT(message_of<InvalidError>([&] { tarball(url); }), HasSubstr("more than 100 B"));
  fetch.max_tarball = 1'000'000;
  fetch.max_bytes = 1'000'000;
  EXPECT_THAT(message_of<InvalidError>([&] { tarball(url); }), HasSubstr("unpacks to more"));
}

TEST_F(TreeFetchTest, KeepsTarballsInTheirPlace) {
  write("top/a", "one\n");
  const auto file = pack("top", {"--absolute-names", "--transform", "s,^top/a,../../outside,"});
  EXPECT_THAT(message_of<InvalidError>([&] { tarball("file://" + file.string()); }),
              HasSubstr("leads upwards"));
  write("no.tar", "no archive");
  EXPECT_NE(
      message_of<InvalidError>([&] { tarball("file://" + (area.path() / "no.tar").string()); }),
      "");
}

}  // namespace
}  // namespace grange
