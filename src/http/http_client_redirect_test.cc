#include "http/http_client_redirect.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/http_client.h"
#include "http/http_client_test_server.h"
#include "http/sigv4.h"

namespace grange {
namespace {

std::string authorization_seen(const LoopbackRequest& request) {
  return std::string(request.headers.get("Authorization").value_or("none"));
}

TEST(HttpRedirectTest, KeepsSecretsAtHome) {
  HttpRequest request(Url::parse("https://u:p@one.example/a/b"));
  request.headers = {{"Authorization", "x"}, {"Cookie", "y"}, {"X-Token", "z"}, {"Accept", "*/*"}};
  request.sign = [](HttpRequest&) {};
  const auto home = redirected(request, 302, {{"Location", "../c"}});
  EXPECT_EQ(home->url.to_string(), "https://one.example/c");
  EXPECT_EQ(home->headers.size(), 4U);
  EXPECT_TRUE(home->sign);
  for (const auto* away : {"https://two.example/", "https://one.example:444/", "//u:p@x/"}) {
    const auto next = redirected(request, 302, {{"Location", away}});
    EXPECT_EQ(next->headers.size(), 1U) << away;
    EXPECT_FALSE(next->sign);
    EXPECT_EQ(next->url.user(), std::nullopt);
  }
}

TEST(HttpRedirectTest, GoesNowhereElse) {
  const HttpRequest request(Url::parse("https://h/"));
  EXPECT_FALSE(redirected(request, 302, {}));
  EXPECT_FALSE(redirected(request, 200, {{"Location", "/x"}}));
  EXPECT_FALSE(redirected(request, 304, {{"Location", "/x"}}));
  EXPECT_THROW(redirected(request, 302, {{"Location", "http://h/"}}), DeniedError);
  EXPECT_THROW(redirected(request, 302, {{"Location", "file:///etc"}}), InvalidError);
  EXPECT_THROW(redirected(request, 302, {{"Location", "https://"}}), InvalidError);
}

TEST(HttpRedirectTest, ChangesMethodsAsUsual) {
  HttpRequest request(Url::parse("http://h/"), "POST");
  request.body = "b";
  for (const int status : {301, 302, 303}) {
    const auto next = redirected(request, status, {{"Location", "/x"}});
    EXPECT_EQ(next->method, "GET");
    EXPECT_FALSE(next->body);
  }
  EXPECT_EQ(redirected(request, 307, {{"Location", "/x"}})->body, "b");
  request.method = "PUT";
  EXPECT_EQ(redirected(request, 302, {{"Location", "/x"}})->method, "PUT");
  EXPECT_EQ(redirected(request, 303, {{"Location", "/x"}})->method, "GET");
  request.method = "HEAD";
  EXPECT_EQ(redirected(request, 303, {{"Location", "/x"}})->method, "HEAD");
}

class HttpRedirectClientTest : public testing::Test {
 protected:
  SystemClock clock_;
  HttpClient client_{loopback_options(), clock_};
};

TEST_F(HttpRedirectClientTest, SendsNoCredentialsToAnotherHost) {
  LoopbackServer other([](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send_all(200, "", authorization_seen(request));
  });
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target == "/home") return reply.send_all(200, "", authorization_seen(request));
    const auto to = request.target == "/away" ? other.url("/").to_string() : "/home";
    reply.send_all(302, "Location: " + to + "\r\n", "moved");
  });
  const auto with_user = [&](std::string_view rest) {
    return server.url_of("u:p@127.0.0.1", rest);
  };
  EXPECT_EQ(client_.get(with_user("/home")).body, "Basic dTpw");
  EXPECT_EQ(client_.get(with_user("/moved")).body, "Basic dTpw");
  const auto response = client_.get(with_user("/away"));
  EXPECT_EQ(response.body, "none");
  EXPECT_EQ(response.url, other.url("/"));
}

TEST_F(HttpRedirectClientTest, ReadsNetrcByHost) {
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target == "/away") {
      return reply.send_all(
          307, "Location: " + server.url_of("localhost", "/").to_string() + "\r\n", "");
    }
    reply.send_all(200, "", authorization_seen(request));
  });
  auto options = loopback_options();
  options.netrc = Netrc::parse("machine 127.0.0.1 login u password p\ndefault login d password d");
  HttpClient client(options, clock_);
  EXPECT_EQ(client.get(server.url("/")).body, "Basic dTpw");
  EXPECT_EQ(client.get(server.url_of("localhost", "/")).body, "Basic ZDpk");
  EXPECT_EQ(client.get(server.url("/away")).body, "none");
  HttpRequest request(server.url("/"));
  request.headers.add("Authorization", "Bearer x");
  EXPECT_EQ(client.send(request).body, "Bearer x");
}

TEST_F(HttpRedirectClientTest, EndsCircles) {
  LoopbackServer server([&](const LoopbackRequest&, LoopbackReply& reply) {
    reply.send_all(302, "Location: /again\r\n", "");
  });
  EXPECT_THROW(client_.get(server.url("/")), InvalidError);
  EXPECT_EQ(server.requests(), 11U);
  HttpRequest request(server.url("/"));
  request.max_redirects = 0;
  EXPECT_EQ(client_.send(request).status, 302);
}

TEST_F(HttpRedirectClientTest, UploadsToWhereItIsSent) {
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target == "/") return reply.send_all(307, "Location: /there\r\n", "");
    reply.send_all(200, "", request.method + request.target + request.body);
  });
  const HttpBody body{[] { return std::make_unique<StringSource>("text"); }, 4};
  EXPECT_EQ(client_.upload(HttpRequest(server.url("/"), "PUT"), body).body, "PUT/theretext");
}

TEST_F(HttpRedirectClientTest, SignsEachTry) {
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    reply.send_all(request.number == 1 ? 503 : 200, "", authorization_seen(request));
  });
  HttpRequest request(server.url("/key"));
  int signatures = 0;
  const auto signer = sigv4_signer({"ID", "SECRET", "", {}}, {"r", "s3"}, payload_hash(""), clock_);
  request.sign = [&](HttpRequest& sent) {
    ++signatures;
    signer(sent);
  };
  EXPECT_TRUE(client_.send(request).body.starts_with("AWS4-HMAC-SHA256 Credential=ID/"));
  EXPECT_EQ(signatures, 2);
}

}  // namespace
}  // namespace grange
