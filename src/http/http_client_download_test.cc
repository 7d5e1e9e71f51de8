#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/http_client.h"
#include "http/http_client_test_server.h"

namespace grange {
namespace {

std::string long_text(std::size_t size) {
  std::string text;
  text.reserve(size + 8);
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

class HttpDownloadTest : public testing::Test {
 protected:
  SystemClock clock_;
  HttpClient client_{loopback_options(), clock_};
};

std::string whole_head(std::size_t size, const std::string& headers) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n" + headers + "\r\n";
}

std::string range_head(std::size_t from, std::size_t total, const std::string& headers) {
  return "HTTP/1.1 206 Partial\r\nContent-Length: " + std::to_string(total - from) +
         "\r\nContent-Range: bytes " + std::to_string(from) + "-" + std::to_string(total - 1) +
         "/" + std::to_string(total) + "\r\n" + headers + "\r\n";
}

TEST_F(HttpDownloadTest, MayBePulled) {
  const auto text = long_text(3'000'000);
  std::atomic<bool> broken{false};
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target == "/none") return reply.send_all(404, "", "no");
    if (request.target == "/empty") return reply.send_all(200, "", "");
    std::size_t from = 0;
    if (const auto range = request.headers.get("Range")) {
      from = std::stoul(std::string(range->substr(6)));
      reply.send(range_head(from, text.size(), "ETag: \"a\"\r\n"));
    } else {
      reply.send(whole_head(text.size(), "ETag: \"a\"\r\n"));
    }
    const bool breaks = !broken.exchange(true);
    reply.send(std::string_view(text).substr(from, breaks ? 1'000'000 : text.npos));
    if (breaks) reply.close();
  });
  EXPECT_EQ(read_all(*client_.open(HttpRequest(server.url("/"))), text.size()), text);
  EXPECT_THROW(client_.open(HttpRequest(server.url("/none"))), NotFoundError);
  EXPECT_EQ(read_all(*client_.open(HttpRequest(server.url("/empty"))), 1), "");
  const auto left = client_.open(HttpRequest(server.url("/")));
  char byte = 0;
  EXPECT_EQ(left->read(&byte, 1), 1U);  // and what comes after it is never taken
}

TEST_F(HttpDownloadTest, ContinuesWhatBreaksOff) {
  const auto text = long_text(300'000);
  std::vector<std::string> asked;
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    const auto range = request.headers.get("Range");
    std::size_t from = 0;
    if (range) {
      asked.push_back(std::string(request.headers.get("If-Range").value_or("none")));
      from = std::stoul(std::string(range->substr(6)));
      reply.send(range_head(from, text.size(), "ETag: \"a\"\r\n"));
    } else {
      reply.send(whole_head(text.size(), "ETag: \"a\"\r\n"));
    }
    reply.send(std::string_view(text).substr(from, 100'000));
    if (from + 100'000 < text.size()) reply.close();
  });
  StringSink sink;
  const auto response = client_.download(HttpRequest(server.url("/")), sink);
  EXPECT_EQ(sink.text(), text);
  EXPECT_EQ(response.size, text.size());
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(asked, (std::vector<std::string>{"\"a\"", "\"a\""}));
}

TEST_F(HttpDownloadTest, PassesOverWhatAServerWithoutRangesRepeats) {
  const auto text = long_text(200'000);
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send(whole_head(text.size(), request.target == "/dated"
                                           ? "Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\n"
                                           : ""));
    if (request.number % 2 == 0) return reply.send(text);
    reply.send(std::string_view(text).substr(0, 100'001));
    reply.close();
  });
  for (const auto* path : {"/dated", "/plain"}) {
    StringSink sink;
    EXPECT_EQ(client_.download(HttpRequest(server.url(path)), sink).size, text.size());
    EXPECT_EQ(sink.text(), text);
  }
  EXPECT_EQ(server.requests(), 4U);
}

TEST_F(HttpDownloadTest, NeverMixesTwoContents) {
  const auto text = long_text(200'000);
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    const auto tag = "ETag: \"" + std::to_string(request.number) + "\"\r\n";
    if (request.target == "/range" && request.headers.has("Range")) {
      reply.send(range_head(100'000, text.size(), tag));  // ignores If-Range
    } else if (request.target == "/shorter") {
      reply.send(whole_head(text.size() - request.number, ""));
    } else if (request.target == "/chunked") {
      reply.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n");
    } else if (request.target == "/gone" && request.number % 2 == 0) {
      return reply.send_all(404, "", "");
    } else {
      reply.send(whole_head(text.size(), tag));
    }
    reply.send(std::string_view(text).substr(0, 100'000));
    reply.close();
  });
  for (const auto* path : {"/range", "/whole", "/shorter", "/chunked", "/gone"}) {
    StringSink sink;
    const auto before = server.requests();
    EXPECT_THROW(client_.download(HttpRequest(server.url(path)), sink), UnavailableError) << path;
    EXPECT_EQ(sink.text(), text.substr(0, sink.text().size())) << path;
    EXPECT_LE(sink.text().size(), 100'000U) << path;
    EXPECT_EQ(server.requests(), before + 2) << path;
  }
}

TEST_F(HttpDownloadTest, GathersAnewWhatBreaksOff) {
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send(whole_head(10, "ETag: \"a\"\r\n"));
    reply.send(request.number == 1 ? "01234" : "abcdefghij");
    if (request.number == 1) reply.close();
  });
  EXPECT_EQ(client_.get(server.url("/")).body, "abcdefghij");
}

TEST_F(HttpDownloadTest, GivesTheSinkNothingOfAnError) {
  LoopbackServer server(
      [&](const LoopbackRequest&, LoopbackReply& reply) { reply.send_all(404, "", "not here"); });
  StringSink sink;
  const auto response = client_.download(HttpRequest(server.url("/")), sink);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "not here");
  EXPECT_EQ(sink.text(), "");
}

/// Begins slowly; remembers the largest write.
class SlowSink final : public Sink {
 public:
  void write(std::string_view data) override {
    if (text_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    largest_ = std::max(largest_, data.size());
    text_.append(data);
  }
  std::size_t largest_ = 0;
  std::string text_;
};

TEST_F(HttpDownloadTest, WaitsForASlowSinkWithBoundedMemory) {
  const auto text = long_text(4'000'000);
  LoopbackServer server(
      [&](const LoopbackRequest&, LoopbackReply& reply) { reply.send_all(200, "", text); });
  auto options = loopback_options();
  options.buffer_size = 100'000;
  options.timeouts.stall = Seconds(0.7);  // we make the server wait, not it us
  HttpClient client(options, clock_);
  SlowSink sink;
  client.download(HttpRequest(server.url("/")), sink);
  EXPECT_EQ(sink.text_, text);
  EXPECT_LT(sink.largest_, 100'000U + (16U << 10U));
  EXPECT_EQ(server.requests(), 1U);
}

class FailingSink final : public Sink {
 public:
  void write(std::string_view) override { throw ConflictError("full"); }
};

TEST_F(HttpDownloadTest, PassesOnWhatTheSinkThrows) {
  LoopbackServer server([&](const LoopbackRequest&, LoopbackReply& reply) {
    reply.send(whole_head(100, "") + "begin");
    reply.wait_for_client_to_go();
  });
  FailingSink sink;
  EXPECT_THROW(client_.download(HttpRequest(server.url("/")), sink), ConflictError);
}

HttpBody body_of(const std::string& text, std::optional<std::uint64_t> size,
                 std::atomic<int>& opened) {
  return {[&text, &opened] {
            ++opened;
            return std::make_unique<StringSource>(text);
          },
          size};
}

TEST_F(HttpDownloadTest, UploadsAgainFromTheStart) {
  const auto text = long_text(3'000'000);
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    EXPECT_EQ(request.method, "PUT");
    EXPECT_TRUE(request.body == text);
    const bool sized = request.headers.has("Content-Length");
    EXPECT_EQ(sized, request.target == "/sized");
    reply.send_all(request.number % 2 == 1 ? 503 : 201, "", "answer");
  });
  std::atomic<int> opened{0};
  auto options = loopback_options();
  options.buffer_size = 100'000;
  HttpClient client(options, clock_);
  for (const bool sized : {true, false}) {
    const auto size = sized ? std::optional<std::uint64_t>(text.size()) : std::nullopt;
    const auto response = client.upload(HttpRequest(server.url(sized ? "/sized" : "/x"), "PUT"),
                                        body_of(text, size, opened));
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.body, "answer");
  }
  EXPECT_EQ(opened, 4);
}

TEST_F(HttpDownloadTest, RefusesABodyOfAnotherSize) {
  LoopbackServer server(
      [&](const LoopbackRequest&, LoopbackReply& reply) { reply.send_all(200, "", ""); });
  std::atomic<int> opened{0};
  const std::string text = "12345";
  for (const std::uint64_t size : {4U, 6U}) {
    EXPECT_THROW(client_.upload(HttpRequest(server.url("/"), "PUT"), body_of(text, size, opened)),
                 CorruptError);
  }
}

TEST_F(HttpDownloadTest, TakesAnEarlyAnswerToAnUpload) {
  LoopbackServer server([&](const LoopbackRequest&, LoopbackReply& reply) {
    reply.send_all(403, "Connection: close\r\n", "no");
    reply.close();
  });
  std::atomic<int> opened{0};
  const std::string nothing;
  EXPECT_EQ(client_.upload(HttpRequest(server.url("/"), "PUT"), body_of(nothing, 0, opened)).status,
            403);
}

}  // namespace
}  // namespace grange
