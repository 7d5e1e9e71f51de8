#include "http/http_client.h"

#include <future>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/http_client_test_server.h"

namespace grange {
namespace {

class HttpClientTest : public testing::Test {
 protected:
  SystemClock clock_;
  HttpClient client_{loopback_options(), clock_};
};

TEST_F(HttpClientTest, Gets) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send_all(200, "X-Test: a\r\nx-test: b\r\n",
                   request.method + " " + request.target + " " +
                       std::string(request.headers.get("user-agent").value_or("")));
  });
  const auto response = client_.get(server.url("/a//../b?x=%20"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("X-TEST"), "a");
  EXPECT_EQ(response.body, "GET /a//../b?x=%20 grange/" GRANGE_VERSION);
  EXPECT_EQ(response.size, response.body.size());
  EXPECT_EQ(response.url, server.url("/a//../b?x=%20"));
}

TEST_F(HttpClientTest, StatusesAreValues) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send_all(std::stoi(request.target.substr(1)), "", "why");
  });
  const auto response = client_.get(server.url("/404"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "why");
  EXPECT_THROW(throw_for_status(response), NotFoundError);
  EXPECT_THROW(throw_for_status(client_.get(server.url("/403"))), DeniedError);
  EXPECT_THROW(throw_for_status(client_.get(server.url("/412"))), ConflictError);
  EXPECT_THROW(throw_for_status(client_.get(server.url("/400"))), InvalidError);
  EXPECT_THROW(throw_for_status(client_.get(server.url("/501"))), UnavailableError);
  EXPECT_NO_THROW(throw_for_status(client_.get(server.url("/299"))));
  EXPECT_EQ(server.requests(), 6U);
}

TEST_F(HttpClientTest, SendsAnyMethod) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.method == "HEAD") {
      reply.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      return;
    }
    reply.send_all(200, "",
                   request.method + ":" + request.body + ":" +
                       std::string(request.headers.get("content-length").value_or("-")) + ":" +
                       std::string(request.headers.get("x-empty").value_or("absent")));
  });
  HttpRequest request(server.url("/"), "DELETE");
  EXPECT_EQ(client_.send(request).body, "DELETE::-:absent");
  request.method = "POST";
  EXPECT_EQ(client_.send(request).body, "POST::0:absent");
  request.body = "text";
  request.headers.add("X-Empty", "");
  EXPECT_EQ(client_.send(request).body, "POST:text:4:");
  const auto head = client_.head(server.url("/"));
  EXPECT_EQ(head.headers.get("content-length"), "1000");
  EXPECT_EQ(head.size, 0U);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClientTest, RefusesWhatIsNoRequest) {
  EXPECT_THROW(client_.get(Url::parse("file:///etc/passwd")), InvalidError);
  EXPECT_THROW(client_.send(HttpRequest(Url::parse("http://h/"), "GET x")), InvalidError);
  HttpHeaders headers;
  EXPECT_THROW(headers.add("a b", "x"), InvalidError);
  EXPECT_THROW(headers.add("a", "x\r\nb: y"), InvalidError);
}

TEST_F(HttpClientTest, TriesAgainWhatPasses) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.number == 1) return reply.close();
    reply.send_all(request.number < 4 ? 503 : 200, "Retry-After: 0\r\n", "body");
  });
  EXPECT_EQ(client_.get(server.url("/")).body, "body");
  EXPECT_GE(server.requests(), 4U);  // libcurl itself repeats on a connection that was kept
}

TEST_F(HttpClientTest, GivesUpWithTheLastAnswer) {
  LoopbackServer server(
      [](const LoopbackRequest&, LoopbackReply& reply) { reply.send_all(500, "", "sorry"); });
  const auto response = client_.get(server.url("/"));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "sorry");
  EXPECT_EQ(server.requests(), 5U);
  HttpRequest post(server.url("/"), "POST");
  EXPECT_EQ(client_.send(post).status, 500);
  EXPECT_EQ(server.requests(), 6U);
  post.repeatable = true;
  post.retry = HttpRetryPolicy{.attempts = 2, .base_delay = Seconds(0.001)};
  EXPECT_EQ(client_.send(post).status, 500);
  EXPECT_EQ(server.requests(), 8U);
}

TEST_F(HttpClientTest, DoesNotWaitBeyondTheDeadline) {
  LoopbackServer server([](const LoopbackRequest&, LoopbackReply& reply) {
    reply.send_all(503, "Retry-After: 50\r\n", "");
  });
  HttpRequest request(server.url("/"));
  request.deadline = clock_.monotonic() + std::chrono::seconds(20);
  EXPECT_EQ(client_.send(request).status, 503);
  EXPECT_EQ(server.requests(), 1U);
}

TEST_F(HttpClientTest, EndsAtTheDeadline) {
  LoopbackServer server(
      [](const LoopbackRequest&, LoopbackReply& reply) { reply.wait_for_client_to_go(); });
  HttpRequest request(server.url("/"));
  request.deadline = clock_.monotonic() + std::chrono::milliseconds(50);
  EXPECT_THROW(client_.send(request), TimeoutError);
}

TEST_F(HttpClientTest, DoesNotWaitForASilentServer) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.number == 1) return reply.wait_for_client_to_go();
    if (request.number > 2) reply.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    if (request.number > 2) return reply.wait_for_client_to_go();
    reply.send_all(200, "", "body");
  });
  HttpRequest request(server.url("/"));
  request.timeouts = HttpTimeouts{.stall = Seconds(0.1)};
  EXPECT_EQ(client_.send(request).body, "body");
  request.retry = HttpRetryPolicy{.attempts = 1};
  EXPECT_THROW(client_.send(request), TimeoutError);
}

TEST_F(HttpClientTest, SaysWhomItCannotReach) {
  std::optional<Url> gone;
  {
    LoopbackServer server([](const LoopbackRequest&, LoopbackReply&) {});
    gone = server.url("/x?secret=1");
  }
  try {
    client_.get(*gone);
    FAIL();
  } catch (const UnavailableError& error) {
    EXPECT_NE(std::string(error.what()).find("/x'"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
  }
}

TEST_F(HttpClientTest, BoundsAnswers) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target == "/headers") {
      std::string headers;
      for (int i = 0; i < 3000; ++i) headers += "X-Long: " + std::string(60, 'x') + "\r\n";
      reply.send_all(200, headers, "");
    } else if (request.target == "/header") {
      reply.send_all(200, "X-Long: " + std::string(500'000, 'x') + "\r\n", "");
    } else if (request.target == "/length") {
      reply.send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
      reply.wait_for_client_to_go();
    } else if (request.target == "/error") {
      reply.send_all(404, "", std::string(1'000'000, 'x'));
    } else {
      reply.send("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'));
      reply.close();
    }
  });
  HttpRequest request(server.url("/"));
  for (const auto* path : {"/headers", "/header", "/length", "/body"}) {
    request.url = server.url(path);
    request.max_body = 1000;
    EXPECT_THROW(client_.send(request), CorruptError) << path;
  }
  EXPECT_EQ(server.requests(), 4U);
  request.url = server.url("/error");
  EXPECT_EQ(client_.send(request).body.size(), HttpResponse::kMaxErrorBody);
}

TEST_F(HttpClientTest, IsCancelledInTheMiddle) {
  std::stop_source stop;
  LoopbackServer server([&](const LoopbackRequest&, LoopbackReply& reply) {
    reply.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin");
    stop.request_stop();
    reply.wait_for_client_to_go();
  });
  NullSink sink;
  EXPECT_THROW(client_.download(HttpRequest(server.url("/")), sink, stop.get_token()),
               CancelledError);
  EXPECT_THROW(client_.get(server.url("/"), stop.get_token()), CancelledError);
}

TEST_F(HttpClientTest, IsCancelledWithTheClient) {
  LoopbackServer server(
      [](const LoopbackRequest&, LoopbackReply& reply) { reply.wait_for_client_to_go(); });
  std::future<HttpResponse> future;
  {
    HttpClient client(loopback_options(), clock_);
    future = client.start(HttpRequest(server.url("/")));
  }
  EXPECT_THROW(future.get(), CancelledError);
}

TEST_F(HttpClientTest, HasManyInFlightOverFewConnections) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send_all(200, "", request.target);
  });
  std::vector<std::future<HttpResponse>> futures;
  for (int i = 0; i < 500; ++i) {
    futures.push_back(client_.start(HttpRequest(server.url("/" + std::to_string(i)))));
  }
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(futures[static_cast<std::size_t>(i)].get().body, "/" + std::to_string(i));
  }
  EXPECT_EQ(server.requests(), 500U);
  EXPECT_LE(server.connections(), 8U);
}

TEST_F(HttpClientTest, IsUsedFromManyThreads) {
  LoopbackServer server([](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send_all(200, "", request.target);
  });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, path = "/" + std::to_string(i)] {
      for (int n = 0; n < 20; ++n) {
        StringSink sink;
        client_.download(HttpRequest(server.url(path)), sink);
        EXPECT_EQ(sink.text(), path);
      }
    });
  }
}

TEST_F(HttpClientTest, CallsBackEachTimeFromACallback) {
  LoopbackServer server(
      [](const LoopbackRequest&, LoopbackReply& reply) { reply.send_all(200, "", "x"); });
  std::promise<int> done;
  std::function<void(int)> next = [&](int left) {
    client_.start(HttpRequest(server.url("/")),
                  [&, left](const HttpResponse& response, const std::exception_ptr& error) {
                    if (error || left == 0) return done.set_value(response.status);
                    next(left - 1);
                  });
  };
  next(5);
  EXPECT_EQ(done.get_future().get(), 200);
  EXPECT_EQ(server.requests(), 6U);
}

TEST_F(HttpClientTest, DecodesOnRequestOnly) {
  // "hello" with gzip.
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07\x00"
      "\x86\xa6\x10\x36\x05\x00\x00\x00",
      25);
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    const bool asked = request.headers.has("Accept-Encoding");
    reply.send_all(200, "Content-Encoding: gzip\r\n" + std::string(asked ? "X-Asked: 1\r\n" : ""),
                   packed);
  });
  EXPECT_EQ(client_.get(server.url("/")).body, packed);
  HttpRequest request(server.url("/"));
  request.decode = true;
  const auto response = client_.send(request);
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.headers.has("X-Asked"));
}

}  // namespace
}  // namespace grange
