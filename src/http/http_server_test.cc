#include "http/http_server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/conditional.h"
#include "http/http_route.h"
#include "http/http_server_test_client.h"

namespace grange {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Opens once; whoever waits goes on. Gives up after 20 seconds.
class TestGate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, stop, seconds(20), [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
};

Handling on_pool(std::function<ServerResponse(HandlerCall&)> run, BodyMode body = BodyMode::none) {
  Handling handling;
  handling.body = body;
  handling.run = std::move(run);
  return handling;
}

std::string numbered_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + (i >> 8));
  return bytes;
}

ServerResponse plain(std::string text) {
  ServerResponse response;
  response.body = std::move(text);
  return response;
}

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    Handling quick = on_pool([](HandlerCall&) { return plain("quick"); });
    quick.place = HandlerPlace::inline_on_io;
    router_.add(RequestMethod::get, "/quick", quick);
    router_.add(RequestMethod::get, "/hello/{name}",
                on_pool([](HandlerCall& call) { return plain("hello " + call.capture("name")); }));
    router_.add(RequestMethod::post, "/echo",
                on_pool([](HandlerCall& call) { return plain(call.text); }, BodyMode::text));
    router_.add(RequestMethod::put, "/count",
                on_pool(
                    [](HandlerCall& call) {
                      NullSink nowhere;
                      return plain(std::to_string(drain(*call.source, nowhere)));
                    },
                    BodyMode::source));
    router_.add(
        RequestMethod::put, "/refuse",
        on_pool([](HandlerCall&) -> ServerResponse { throw ConflictError("it is there already"); },
                BodyMode::source));
  }

  HttpServer& serve() {
    server_ = std::make_unique<HttpServer>(
        options_, [this](const ServerRequest& request) { return router_.route(request); });
    return *server_;
  }
  RawClient client() { return RawClient(server_->port()); }
  bool all_have_ended() {
    return comes_true([&] { return server_->counters().connections == 0; });
  }
  /// Is the server well?
  void expect_service() {
    auto other = client();
    EXPECT_EQ(other.ask(simple_request("GET", "/hello/you")).body, "hello you");
  }

  HttpServerOptions options_;
  Router router_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  serve();
  auto one = client();
  EXPECT_EQ(one.ask(simple_request("GET", "/hello/a%20b")).body, "hello a b");
  EXPECT_EQ(one.ask(simple_request("GET", "/quick")).body, "quick");
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += simple_request("GET", "/hello/" + std::to_string(i));
    requests += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
  }
  one.send(requests);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(one.receive().body, "hello " + std::to_string(i));
    EXPECT_EQ(one.receive().body, "abc");
  }
  EXPECT_EQ(server_->counters().requests, 42U);
  const auto last = one.ask(simple_request("GET", "/quick", "Connection: close\r\n"));
  EXPECT_TRUE(last.has("Connection: close"));
  EXPECT_TRUE(last.has("Date: "));
  EXPECT_TRUE(one.sees_end());
}

TEST_F(HttpServerTest, Http10ClosesUnlessAskedNotTo) {
  serve();
  auto one = client();
  const auto kept = one.ask("GET /quick HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(kept.has("Connection: keep-alive"));
  EXPECT_EQ(one.ask("GET /quick HTTP/1.0\r\n\r\n").body, "quick");
  EXPECT_TRUE(one.sees_end());
}

TEST_F(HttpServerTest, HeadHasTheLengthAndNoBody) {
  serve();
  auto one = client();
  EXPECT_TRUE(one.ask(simple_request("HEAD", "/hello/you"), true).has("Content-Length: 9\r\n"));
  EXPECT_EQ(one.ask(simple_request("GET", "/quick")).body, "quick");
}

TEST_F(HttpServerTest, TellsWhatItCannotDo) {
  serve();
  const auto status = [&](const std::string& request) { return client().ask(request).status; };
  EXPECT_EQ(status(simple_request("GET", "/nowhere")), 404);
  EXPECT_EQ(status(simple_request("DELETE", "/quick")), 405);
  EXPECT_EQ(status(simple_request("BREW", "/quick")), 501);
  EXPECT_EQ(status(simple_request("TRACE", "/quick")), 501);
  EXPECT_EQ(status("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /quick HTTP/7.1\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /quick HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status(simple_request("GET", "/quick", "Host: again\r\n")), 400);
  EXPECT_EQ(status(simple_request("GET", "/../etc/passwd")), 400);
  EXPECT_EQ(status(simple_request("GET", "/%2e%2e/etc/passwd")), 400);
  EXPECT_EQ(status(simple_request("GET", "/%00")), 400);
  EXPECT_EQ(status(simple_request("GET", "/" + std::string(9000, 'a'))), 414);
  EXPECT_EQ(status(simple_request("GET", "/quick", "X: " + std::string(40000, 'a') + "\r\n")), 431);
  EXPECT_EQ(status(simple_request("POST", "/echo", "Content-Length: 1\r\nContent-Length: 2\r\n")),
            400);
  EXPECT_EQ(status(simple_request("POST", "/echo",
                                  "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")),
            400);
  EXPECT_EQ(status(simple_request("POST", "/echo", "Transfer-Encoding: gzip\r\n")), 501);
  EXPECT_EQ(status(simple_request("POST", "/echo", "Expect: a miracle\r\n")), 417);
  EXPECT_EQ(status(simple_request("POST", "/echo", "Content-Length: 99999999\r\n")), 413);
  EXPECT_EQ(status(simple_request("POST", "/echo", "Transfer-Encoding: chunked\r\n") + "zz\r\n"),
            400);
  EXPECT_TRUE(all_have_ended());
  expect_service();
}

TEST_F(HttpServerTest, GarbageHarmsNobodyElse) {
  serve();
  const std::string garbage = numbered_bytes(200'000);
  for (std::size_t i = 0; i < 20; ++i) {
    auto one = client();
    one.send(std::string_view(garbage).substr(i * 977));
  }
  EXPECT_TRUE(all_have_ended());
  expect_service();
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  serve();
  auto one = client();
  const std::string head = simple_request("POST", "/echo", "Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(one.ask(head + "3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n").body,
            "abcdefgh");
  one.send(head);
  for (const char character : std::string_view("2\r\nab\r\n0\r\n\r\n")) {
    one.send(std::string_view(&character, 1));
  }
  EXPECT_EQ(one.receive().body, "ab");
  EXPECT_EQ(one.ask(simple_request("GET", "/quick")).body, "quick");
}

TEST_F(HttpServerTest, ChunkedBodiesAreBoundedToo) {
  options_.text_body = 1000;
  serve();
  auto one = client();
  one.send(simple_request("POST", "/echo", "Transfer-Encoding: chunked\r\n"));
  one.send("3e8\r\n" + std::string(1000, 'a') + "\r\n");
  one.send("1\r\na\r\n");
  EXPECT_EQ(one.receive().status, 413);
  auto other = client();
  EXPECT_EQ(
      other
          .ask(simple_request("POST", "/echo", "Content-Length: 1000\r\n") + std::string(1000, 'a'))
          .body.size(),
      1000U);
}

TEST_F(HttpServerTest, SaysContinueOnlyToWhatItTakes) {
  serve();
  auto one = client();
  const std::string expect = "Expect: 100-continue\r\nContent-Length: 3\r\n";
  EXPECT_EQ(one.ask(simple_request("POST", "/echo", expect)).status, 100);
  EXPECT_EQ(one.ask("abc").body, "abc");
  EXPECT_EQ(one.ask(simple_request("PUT", "/count", expect)).status, 100);
  EXPECT_EQ(one.ask("abc").body, "3");
  const auto refused = one.ask(simple_request("PUT", "/refuse", expect));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body, "it is there already\n");
  EXPECT_TRUE(one.sees_end());
  auto other = client();
  EXPECT_EQ(other
                .ask(simple_request("POST", "/echo",
                                    "Expect: 100-continue\r\nContent-Length: 99999999\r\n"))
                .status,
            413);
}

TEST_F(HttpServerTest, ShortBodiesThatNobodyTookAreDropped) {
  serve();
  auto one = client();
  EXPECT_EQ(one.ask(simple_request("GET", "/quick", "Content-Length: 3\r\n") + "abc").body,
            "quick");
  EXPECT_EQ(one.ask(simple_request("PUT", "/nowhere", "Content-Length: 3\r\n") + "abc").status,
            404);
  EXPECT_EQ(one.ask(simple_request("GET", "/quick")).body, "quick");
}

TEST_F(HttpServerTest, ALongUploadMayBeRefusedWhileItComes) {
  serve();
  auto one = client();
  one.send(simple_request("PUT", "/refuse", "Content-Length: 100000000\r\n"));
  std::thread sender([&] { one.send(std::string(20'000'000, 'x')); });
  EXPECT_EQ(one.receive().status, 409);
  sender.join();
  one.close();
  EXPECT_TRUE(all_have_ended());
  EXPECT_EQ(server_->counters().buffered_bytes, 0);
}

TEST_F(HttpServerTest, UploadsWaitForASlowReader) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  TestGate gate;
  router_.add(RequestMethod::put, "/slow",
              on_pool(
                  [&](HandlerCall& call) {
                    char first = 0;
                    call.source->read(&first, 1);
                    // The pipe fills, but for this byte, before anything more is taken.
                    gate.wait(call.stop);
                    HashSink hash(HashAlgorithm::sha256);
                    hash.write({&first, 1});
                    drain(*call.source, hash);
                    return plain(std::to_string(hash.size()) + " " +
                                 hash.finish().digits(HashFormat::base16));
                  },
                  BodyMode::source));
  serve();
  const std::string body = numbered_bytes(kSize);
  auto one = client();
  std::thread sender([&] {
    one.send(simple_request("PUT", "/slow", "Content-Length: " + std::to_string(kSize) + "\r\n"));
    one.send(body);
  });
  EXPECT_TRUE(comes_true([&] {
    return server_->counters().buffered_bytes + 1 >= static_cast<std::int64_t>(options_.pipe_size);
  }));
  gate.open();
  const auto seen = one.receive();
  sender.join();
  HashSink hash(HashAlgorithm::sha256);
  hash.write(body);
  EXPECT_EQ(seen.body, std::to_string(kSize) + " " + hash.finish().digits(HashFormat::base16));
  EXPECT_LE(server_->counters().peak_buffered_bytes, static_cast<std::int64_t>(options_.pipe_size));
  EXPECT_EQ(server_->counters().buffered_bytes, 0);
}

TEST_F(HttpServerTest, DownloadsWaitForASlowClient) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  const std::string body = numbered_bytes(kSize);
  router_.add(RequestMethod::get, "/stream", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = StreamBody{[&](Sink& sink) { sink.write(body); }, std::nullopt};
                return response;
              }));
  router_.add(RequestMethod::get, "/sized", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = StreamBody{[&](Sink& sink) { sink.write(body); }, kSize};
                return response;
              }));
  serve();
  auto one = client();
  one.send(simple_request("GET", "/stream"));
  EXPECT_TRUE(comes_true([&] {
    return server_->counters().buffered_bytes == static_cast<std::int64_t>(options_.pipe_size);
  }));
  const auto seen = one.receive();
  EXPECT_TRUE(seen.whole);
  EXPECT_TRUE(seen.body == body);
  EXPECT_LE(server_->counters().peak_buffered_bytes, static_cast<std::int64_t>(options_.pipe_size));
  EXPECT_TRUE(one.ask(simple_request("HEAD", "/sized"), true)
                  .has("Content-Length: " + std::to_string(kSize)));
  const auto sized = one.ask(simple_request("GET", "/sized"));
  EXPECT_TRUE(sized.has("Content-Length: " + std::to_string(kSize)));
  EXPECT_TRUE(sized.body == body);
  const auto old = one.ask("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.whole);
  EXPECT_TRUE(old.body == body);
}

TEST_F(HttpServerTest, AStreamThatFailsIsCutOff) {
  const auto fails_after = [](std::size_t size, std::optional<std::uint64_t> length) {
    return on_pool([=](HandlerCall&) {
      ServerResponse response;
      response.body = StreamBody{[=](Sink& sink) {
                                   if (size > 0) sink.write(std::string(size, 'a'));
                                   throw CorruptError("the disk is bad");
                                 },
                                 length};
      return response;
    });
  };
  std::atomic<int> errors = 0;
  options_.on_error = [&](const ServerRequest&, const std::exception&) { ++errors; };
  router_.add(RequestMethod::get, "/early", fails_after(0, std::nullopt));
  router_.add(RequestMethod::get, "/late", fails_after(1'000'000, std::nullopt));
  router_.add(RequestMethod::get, "/sized", fails_after(1'000'000, 2'000'000));
  router_.add(RequestMethod::get, "/short", on_pool([](HandlerCall&) {
                ServerResponse response;
                response.body = StreamBody{
                    [](Sink& sink) { sink.write(std::string(1'000'000, 'a')); }, 2'000'000};
                return response;
              }));
  serve();
  {
    auto one = client();
    const auto early = one.ask(simple_request("GET", "/early"));
    EXPECT_EQ(early.status, 500);
    EXPECT_EQ(early.body.find("disk"), std::string::npos);
    EXPECT_EQ(one.ask(simple_request("GET", "/quick")).status, 200);
  }
  for (const char* path : {"/late", "/sized", "/short"}) {
    auto one = client();
    const auto late = one.ask(simple_request("GET", path));
    EXPECT_EQ(late.status, 200) << path;
    EXPECT_FALSE(late.whole) << path;
  }
  auto old = client();
  EXPECT_FALSE(old.ask("GET /late HTTP/1.0\r\n\r\n").whole);
  EXPECT_TRUE(all_have_ended());
  EXPECT_EQ(errors, 5);
  EXPECT_EQ(server_->counters().buffered_bytes, 0);
}

TEST_F(HttpServerTest, ErrorsBecomeStatuses) {
  const auto throws = [](auto error) {
    return on_pool([=](HandlerCall&) -> ServerResponse { throw error; });
  };
  router_.add(RequestMethod::get, "/invalid", throws(InvalidError("not so")));
  router_.add(RequestMethod::get, "/missing", throws(NotFoundError("no file '/secret/path'")));
  router_.add(RequestMethod::get, "/busy", throws(UnavailableError("later")));
  router_.add(RequestMethod::get, "/foreign", throws(std::runtime_error("secret")));
  serve();
  auto one = client();
  EXPECT_EQ(one.ask(simple_request("GET", "/invalid")).body, "not so\n");
  EXPECT_EQ(one.ask(simple_request("GET", "/missing")).body, "Not Found\n");
  EXPECT_EQ(one.ask(simple_request("GET", "/busy")).status, 503);
  EXPECT_EQ(one.ask(simple_request("GET", "/foreign")).body, "Internal Server Error\n");
}

TEST_F(HttpServerTest, SendsFilesAndTheirParts) {
  const TemporaryDirectory directory;
  const std::string bytes = numbered_bytes(5'000'001);
  write_file(directory.path() / "file", bytes);
  write_file(directory.path() / "empty", "");
  Handling files = on_pool([&](HandlerCall& call) {
    ServerResponse response;
    response.headers.set("ETag", "\"v1\"");
    response.headers.set("Cache-Control", kImmutable);
    response.body = FileBody::open(directory.path() / call.capture("name"));
    return apply_conditions(call.request, std::move(response));
  });
  router_.add(RequestMethod::get, "/file/{name}", files);
  options_.unix_socket = directory.path() / "socket";
  serve();
  auto tcp = client();
  RawClient local(options_.unix_socket);
  for (RawClient* one : {&tcp, &local}) {
    const auto whole = one->ask(simple_request("GET", "/file/file"));
    EXPECT_TRUE(whole.body == bytes);
    EXPECT_TRUE(whole.has("immutable"));
    const auto part = one->ask(
        simple_request("GET", "/file/file", "Range: bytes=4999999-\r\nIf-Range: \"v1\"\r\n"));
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, bytes.substr(4'999'999));
    EXPECT_TRUE(part.has("Content-Range: bytes 4999999-5000000/5000001"));
    EXPECT_EQ(one->ask(simple_request("GET", "/file/file", "Range: bytes=9999999-\r\n")).status,
              416);
    EXPECT_EQ(one->ask(simple_request("GET", "/file/file", "If-None-Match: \"v1\"\r\n")).status,
              304);
    EXPECT_TRUE(
        one->ask(simple_request("HEAD", "/file/file"), true).has("Content-Length: 5000001"));
    EXPECT_EQ(one->ask(simple_request("GET", "/file/empty")).body, "");
    EXPECT_EQ(one->ask(simple_request("GET", "/file/none")).status, 404);
  }
}

TEST_F(HttpServerTest, AFileThatBecomesShorterIsCutOff) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "file", "0123456789");
  router_.add(RequestMethod::get, "/file", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = FileBody::open(directory.path() / "file");
                std::filesystem::resize_file(directory.path() / "file", 4);
                return response;
              }));
  serve();
  const auto seen = client().ask(simple_request("GET", "/file"));
  EXPECT_FALSE(seen.whole);
  EXPECT_EQ(seen.body, "0123");
}

TEST_F(HttpServerTest, SlowHeadsAndIdleConnectionsEnd) {
  options_.header_timeout = milliseconds(100);
  options_.idle_timeout = milliseconds(100);
  serve();
  auto slow = client();
  slow.send("GET /quick HT");
  EXPECT_EQ(slow.receive().status, 408);
  auto silent = client();
  EXPECT_TRUE(silent.sees_end());
  auto idle = client();
  EXPECT_EQ(idle.ask(simple_request("GET", "/quick")).status, 200);
  EXPECT_TRUE(idle.sees_end());
}

TEST_F(HttpServerTest, ABodyThatStallsEnds) {
  options_.stall_timeout = milliseconds(100);
  serve();
  auto text = client();
  text.send(simple_request("POST", "/echo", "Content-Length: 5\r\n") + "ab");
  EXPECT_EQ(text.receive().status, 408);
  auto source = client();
  source.send(simple_request("PUT", "/count", "Content-Length: 5\r\n") + "ab");
  EXPECT_EQ(source.receive().status, 408);
}

TEST_F(HttpServerTest, ATextThatTricklesEnds) {
  options_.text_timeout = milliseconds(100);
  options_.text_rate = 1'000'000;
  serve();
  auto trickle = client();
  trickle.send(simple_request("POST", "/echo", "Content-Length: 100000\r\n"));
  bool goes_on = true;
  for (int i = 0; i < 1000 && goes_on; ++i) {
    goes_on = trickle.send("a");
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(trickle.receive().status, 408);
}

TEST_F(HttpServerTest, AClientThatTakesNothingEnds) {
  options_.stall_timeout = milliseconds(100);
  const std::string body(32 * 1024 * 1024, 'a');
  std::atomic<bool> thrown = false;
  router_.add(RequestMethod::get, "/stream", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = StreamBody{[&](Sink& sink) {
                                             try {
                                               sink.write(body);
                                             } catch (const UnavailableError&) {
                                               thrown = true;
                                               throw;
                                             }
                                           },
                                           std::nullopt};
                return response;
              }));
  serve();
  auto one = client();
  one.send(simple_request("GET", "/stream"));
  EXPECT_TRUE(comes_true([&] { return thrown.load(); }));
  EXPECT_TRUE(all_have_ended());
}

TEST_F(HttpServerTest, ClientsThatVanishLeaveNothingBehind) {
  std::atomic<int> gone = 0;
  router_.add(RequestMethod::put, "/upload",
              on_pool(
                  [&](HandlerCall& call) {
                    NullSink nowhere;
                    try {
                      drain(*call.source, nowhere);
                    } catch (const UnavailableError&) {
                      ++gone;
                      throw;
                    }
                    return plain("all");
                  },
                  BodyMode::source));
  router_.add(RequestMethod::get, "/endless", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = StreamBody{[&](Sink& sink) {
                                             try {
                                               for (;;) sink.write(std::string(10'000, 'a'));
                                             } catch (const UnavailableError&) {
                                               ++gone;
                                               throw;
                                             }
                                           },
                                           std::nullopt};
                return response;
              }));
  std::atomic<int> errors = 0;
  options_.on_error = [&](const ServerRequest&, const std::exception&) { ++errors; };
  serve();
  for (int i = 0; i < 10; ++i) {
    client().send(simple_request("PUT", "/upload", "Content-Length: 100000\r\n") + "only this");
    client().send(simple_request("PUT", "/upload", "Transfer-Encoding: chunked\r\n") +
                  "ffff\r\nabc");
    client().send(simple_request("GET", "/endless"));
    client().send(simple_request("POST", "/echo", "Content-Length: 100000\r\n") + "only this");
    client().send("GET /qui");
  }
  EXPECT_TRUE(comes_true([&] { return gone == 30; })) << gone;
  EXPECT_TRUE(all_have_ended());
  EXPECT_EQ(errors, 0);
  EXPECT_EQ(server_->counters().buffered_bytes, 0);
  expect_service();
}

TEST_F(HttpServerTest, ServesManyConnectionsAtOnce) {
  serve();
  std::vector<RawClient> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(client());
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      // Its queue holds fewer calls than there are clients: what it can't take it says so.
      clients[i].send(simple_request("GET", i % 2 == 0 ? "/quick" : "/hello/" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      EXPECT_EQ(clients[i].receive().body, i % 2 == 0 ? "quick" : "hello " + std::to_string(i));
    }
  }
  EXPECT_EQ(server_->counters().connections, 300U);
}

TEST_F(HttpServerTest, RefusesMoreConnectionsThanItMayHave) {
  options_.connections = 2;
  serve();
  auto one = client();
  auto two = client();
  EXPECT_EQ(one.ask(simple_request("GET", "/quick")).status, 200);
  EXPECT_EQ(two.ask(simple_request("GET", "/quick")).status, 200);
  auto three = client();
  EXPECT_EQ(three.receive().status, 503);
  two.close();
  EXPECT_TRUE(comes_true([&] { return server_->counters().connections == 1; }));
  expect_service();
}

TEST_F(HttpServerTest, RefusesWhatItsPoolCannotTake) {
  TestGate gate;
  router_.add(RequestMethod::get, "/wait", on_pool([&](HandlerCall& call) {
                gate.wait(call.stop);
                return plain("waited");
              }));
  options_.blocking_threads = 1;
  options_.queue = 1;
  serve();
  auto one = client();
  auto two = client();
  one.send(simple_request("GET", "/wait"));
  two.send(simple_request("GET", "/wait"));
  EXPECT_TRUE(comes_true([&] { return server_->counters().requests == 2; }));
  auto three = client();
  const auto busy = three.ask(simple_request("GET", "/wait"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(busy.has("Retry-After"));
  EXPECT_EQ(three.ask(simple_request("GET", "/quick")).status, 200);
  gate.open();
  EXPECT_EQ(one.receive().body, "waited");
  EXPECT_EQ(two.receive().body, "waited");
}

TEST_F(HttpServerTest, HandlersAreToldWhenTheirTimeIsOver) {
  TestGate never;
  Handling slow = on_pool([&](HandlerCall& call) -> ServerResponse {
    never.wait(call.stop);
    if (call.stop.stop_requested()) throw TimeoutError("this took too long");
    return plain("in time");
  });
  slow.timeout = milliseconds(50);
  router_.add(RequestMethod::get, "/slow", slow);
  Handling reader = on_pool(
      [&](HandlerCall& call) {
        char byte = 0;
        call.source->read(&byte, 1);
        return plain("read");
      },
      BodyMode::source);
  reader.timeout = milliseconds(1000);
  router_.add(RequestMethod::put, "/reader", reader);
  serve();
  EXPECT_EQ(client().ask(simple_request("GET", "/slow")).status, 504);
  EXPECT_EQ(client().ask(simple_request("PUT", "/reader", "Content-Length: 5\r\n")).status, 408);
}

TEST_F(HttpServerTest, StopsGracefully) {
  TestGate started;
  TestGate gate;
  router_.add(RequestMethod::get, "/wait", on_pool([&](HandlerCall& call) {
                started.open();
                gate.wait(call.stop);
                return plain("finished");
              }));
  serve();
  auto idle = client();
  EXPECT_EQ(idle.ask(simple_request("GET", "/quick")).status, 200);
  auto busy = client();
  busy.send(simple_request("GET", "/wait"));
  EXPECT_TRUE(started.wait());
  std::thread stopper([&] { server_->stop(seconds(20)); });
  EXPECT_TRUE(idle.sees_end());
  EXPECT_THROW(client(), SystemError);
  gate.open();
  const auto seen = busy.receive();
  EXPECT_EQ(seen.body, "finished");
  EXPECT_TRUE(seen.has("Connection: close"));
  stopper.join();
  EXPECT_EQ(server_->counters().connections, 0U);
}

TEST_F(HttpServerTest, StopsInTheMiddleOfTransfers) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "file";
  write_file(file, "");
  std::filesystem::resize_file(file, 1'000'000'000);
  std::atomic<int> stopped = 0;
  router_.add(RequestMethod::get, "/endless", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = StreamBody{[&](Sink& sink) {
                                             try {
                                               for (;;) sink.write(std::string(10'000, 'a'));
                                             } catch (const Error&) {
                                               ++stopped;
                                               throw;
                                             }
                                           },
                                           std::nullopt};
                return response;
              }));
  router_.add(RequestMethod::put, "/upload",
              on_pool(
                  [&](HandlerCall& call) {
                    NullSink nowhere;
                    try {
                      drain(*call.source, nowhere);
                    } catch (const Error&) {
                      ++stopped;
                      throw;
                    }
                    return plain("all");
                  },
                  BodyMode::source));
  router_.add(RequestMethod::get, "/wait", on_pool([&](HandlerCall& call) -> ServerResponse {
                TestGate never;
                never.wait(call.stop);
                ++stopped;
                throw CancelledError("stopped");
              }));
  router_.add(RequestMethod::get, "/file", on_pool([&](HandlerCall&) {
                ServerResponse response;
                response.body = FileBody::open(file);
                return response;
              }));
  serve();
  auto download = client();
  download.send(simple_request("GET", "/endless"));
  auto upload = client();
  upload.send(simple_request("PUT", "/upload", "Content-Length: 100000\r\n") + "some");
  auto waiting = client();
  waiting.send(simple_request("GET", "/wait"));
  auto sending = client();
  sending.send(simple_request("GET", "/file"));
  EXPECT_TRUE(comes_true([&] { return server_->counters().requests == 4; }));
  server_->stop(milliseconds(20));
  EXPECT_EQ(stopped, 3);
  EXPECT_FALSE(download.receive().whole);
  EXPECT_EQ(upload.receive().status, 0);
  EXPECT_EQ(waiting.receive().status, 0);
  EXPECT_FALSE(sending.receive().whole);
}

TEST_F(HttpServerTest, ReplacesASocketThatNobodyListensAt) {
  const TemporaryDirectory directory;
  options_.unix_socket = directory.path() / "socket";
  options_.host = std::nullopt;
  serve();
  EXPECT_EQ(server_->port(), 0);
  EXPECT_THROW(HttpServer(options_, router_), ConflictError);
  EXPECT_EQ(RawClient(options_.unix_socket).ask(simple_request("GET", "/quick")).body, "quick");
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(options_.unix_socket));
  {
    const FileDescriptor left(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.unix_socket.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  serve();
  EXPECT_EQ(RawClient(options_.unix_socket).ask(simple_request("GET", "/quick")).body, "quick");
}

TEST_F(HttpServerTest, TellsWhyItCannotListen) {
  options_.host = "256.0.0.1.invalid";
  EXPECT_THROW(serve(), InvalidError);
  options_.host = "127.0.0.1";
  serve();
  HttpServerOptions same = options_;
  same.port = server_->port();
  EXPECT_THROW(HttpServer(same, router_), SystemError);
}

}  // namespace
}  // namespace grange
