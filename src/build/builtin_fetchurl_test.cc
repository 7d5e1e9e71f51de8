#include "build/builtin_fetchurl.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive/nar.h"
#include "base/compression.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"
#include "build/test_http_server.h"
#include "build/test_support.h"

namespace grange {
namespace {

class BuiltinFetchurlTest : public testing::Test {
 protected:
  BuiltinFetchurlTest() {
    derivation_.name = "source";
    specify(ContentMethod::flat, "content");
    options_.limits.first_retry_delay = Seconds(0.01);
    options_.limits.tries = 2;
    options_.report = [this](std::string_view line) { reported_.emplace_back(line); };
  }

  void specify(ContentMethod method, std::string_view content) {
    derivation_.outputs.clear();
    const ContentAddress address{method, hash_bytes(HashAlgorithm::sha256, content)};
    derivation_.outputs.emplace("out", FixedOutput{address, repeated_path('a', "source")});
  }

  std::optional<BuildFailure> fetch() {
    const FetchRequest request{derivation_, output_, directory_.path() / "spool", mirrors_,
                               options_};
    return fetch_url(request, clock_, stop_.get_token());
  }

  /// A NAR of a directory with one executable.
  std::string example_nar() {
    const auto tree = directory_.path() / "tree";
    std::filesystem::create_directory(tree);
    write_file(tree / "run", "#!", Durability::atomic, 0755);
    StringSink sink;
    dump_nar(tree, sink);
    return sink.take();
  }

  TemporaryDirectory directory_;
  std::filesystem::path output_ = directory_.path() / "output";
  SystemClock clock_;
  Derivation derivation_;
  DownloadOptions options_;
  std::vector<std::string> mirrors_;
  std::vector<std::string> reported_;
  std::stop_source stop_;
};

TEST_F(BuiltinFetchurlTest, MakesAFile) {
  TestHttpServer server([](const std::string&) { return TestHttpServer::ok("content"); });
  derivation_.environment["url"] = server.url("/source.tar");
  EXPECT_FALSE(fetch());
  EXPECT_EQ(read_file(output_), "content");
  EXPECT_EQ(std::filesystem::status(output_).permissions(), std::filesystem::perms(0644));
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "spool"));
  EXPECT_EQ(reported_, std::vector<std::string>{"downloading '" + server.url("/source.tar") + "'"});
}

TEST_F(BuiltinFetchurlTest, MakesAnExecutable) {
  specify(ContentMethod::recursive, "whatever");
  write_file(directory_.path() / "local", "#!");
  derivation_.environment["url"] = "file://" + (directory_.path() / "local").string();
  derivation_.environment["executable"] = "1";
  EXPECT_FALSE(fetch());
  EXPECT_EQ(std::filesystem::status(output_).permissions(), std::filesystem::perms(0755));
}

TEST_F(BuiltinFetchurlTest, Unpacks) {
  specify(ContentMethod::recursive, "whatever");
  const auto nar = example_nar();
  derivation_.environment["unpack"] = "1";
  for (const auto compression : {Compression::none, Compression::xz}) {
    const auto archive = directory_.path() / (compression == Compression::xz ? "n.xz" : "n");
    write_file(archive, compress(compression, nar));
    derivation_.environment["url"] = "file://" + archive.string();
    EXPECT_FALSE(fetch());
    EXPECT_EQ(read_file(output_ / "run"), "#!");
    remove_tree(output_);
  }
  const auto archive = directory_.path() / "broken";
  write_file(archive, nar.substr(0, nar.size() / 2));
  derivation_.environment["url"] = "file://" + archive.string();
  const auto failure = fetch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::failed);
  EXPECT_FALSE(std::filesystem::exists(output_));
}

TEST_F(BuiltinFetchurlTest, UnpacksOnlySoMuch) {
  specify(ContentMethod::recursive, "whatever");
  StringSink nar;
  write_file(directory_.path() / "zeros", std::string(1'000'000, '\0'));
  dump_nar(directory_.path() / "zeros", nar);
  write_file(directory_.path() / "bomb.xz", compress(Compression::xz, nar.text()));
  derivation_.environment["unpack"] = "1";
  derivation_.environment["url"] = "file://" + (directory_.path() / "bomb.xz").string();
  options_.limits.max_bytes = 100'000;
  const auto failure = fetch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::failed);
}

TEST_F(BuiltinFetchurlTest, LooksOnTheMirrorsFirst) {
  std::vector<std::string> asked;
  TestHttpServer server([&](const std::string& request) {
    asked.push_back(request.substr(4, request.find(' ', 4) - 4));
    if (asked.back().starts_with("/wrong/")) return TestHttpServer::ok("something else");
    if (asked.back().starts_with("/none/")) return TestHttpServer::status(404);
    return TestHttpServer::ok("content");
  });
  mirrors_ = {server.url("/none"), server.url("/wrong/"), server.url("/right")};
  derivation_.environment["url"] = server.url("/source");
  EXPECT_FALSE(fetch());
  EXPECT_EQ(read_file(output_), "content");
  const auto tail =
      "/sha256/" + hash_bytes(HashAlgorithm::sha256, "content").digits(HashFormat::base16);
  EXPECT_EQ(asked, (std::vector<std::string>{"/none" + tail, "/wrong" + tail, "/right" + tail}));

  asked.clear();
  remove_tree(output_);
  mirrors_.resize(2);
  EXPECT_FALSE(fetch());
  EXPECT_EQ(read_file(output_), "content");
  EXPECT_EQ(asked.back(), "/source");
}

TEST_F(BuiltinFetchurlTest, FailuresAreValues) {
  auto failure = fetch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::failed);
  EXPECT_NE(failure->message.find("'url'"), std::string::npos);

  TestHttpServer server([](const std::string&) { return TestHttpServer::status(404); });
  derivation_.environment["url"] = server.url("/gone");
  failure = fetch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::failed);
  EXPECT_NE(failure->message.find("HTTP error 404"), std::string::npos) << failure->message;
  EXPECT_NE(failure->message.find("/gone"), std::string::npos) << failure->message;

  stop_.request_stop();
  EXPECT_THROW(fetch(), CancelledError);
}

TEST_F(BuiltinFetchurlTest, TimesOut) {
  TestHttpServer server([](const std::string&) { return std::string(); });
  derivation_.environment["url"] = server.url("/x");
  options_.deadline = clock_.monotonic() + std::chrono::milliseconds(50);
  const auto failure = fetch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::timed_out);
}

TEST_F(BuiltinFetchurlTest, MakesFixedOutputsOnly) {
  derivation_.outputs.clear();
  derivation_.outputs.emplace("out", InputAddressedOutput{repeated_path('a', "source")});
  derivation_.environment["url"] = "file:///dev/null";
  ASSERT_TRUE(fetch());
}

}  // namespace
}  // namespace grange
