#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "http/http_client.h"
#include "http/http_client_test_server.h"

namespace grange {
namespace {

constexpr const char* kNghttpd = "/usr/sbin/nghttpd";

std::uint16_t free_port() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), plain, length) != 0 ||
      ::getsockname(socket.get(), plain, &length) != 0) {
    throw_errno("looking for a free port");
  }
  return ntohs(address.sin_port);
}

/// nghttpd with TLS and a certificate of its own, serving a directory.
class Http2Test : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kNghttpd)) GTEST_SKIP() << "nghttp2-server is not installed";
    const auto certificate = path("certificate.pem");
    ASSERT_EQ(std::system(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
                           "-addext subjectAltName=DNS:localhost -keyout " +
                           path("key.pem") + " -out " + certificate + " 2>/dev/null")
                              .c_str()),
              0);
    port_ = free_port();
    start_server();
    options_ = loopback_options();
    options_.ca_bundle = certificate;
    options_.retry.attempts = 20;  // it may still be starting
    options_.retry.max_delay = Seconds(0.2);
  }
  void TearDown() override {
    if (server_ <= 0) return;
    ::kill(server_, SIGKILL);
    ::waitpid(server_, nullptr, 0);
  }

  void start_server() {
    const std::vector<std::string> words{kNghttpd,
                                         "--address=127.0.0.1",
                                         "--htdocs=" + directory_.path().string(),
                                         std::to_string(port_),
                                         path("key.pem"),
                                         path("certificate.pem")};
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ASSERT_EQ(::posix_spawn(&server_, kNghttpd, nullptr, nullptr, arguments.data(), environ), 0);
  }

  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  Url url(const std::string& rest) const {
    return Url::parse("https://localhost:" + std::to_string(port_) + rest);
  }

  TemporaryDirectory directory_;
  std::uint16_t port_ = 0;
  pid_t server_ = 0;
  SystemClock clock_;
  HttpClientOptions options_;
};

TEST_F(Http2Test, SharesAConnection) {
  for (int i = 0; i < 10; ++i) write_file(path(std::to_string(i)), std::to_string(i));
  HttpClient client(options_, clock_);
  EXPECT_EQ(client.get(url("/0")).body, "0");
  std::vector<std::future<HttpResponse>> futures;
  for (int i = 0; i < 500; ++i) {
    futures.push_back(client.start(HttpRequest(url("/" + std::to_string(i % 10)))));
  }
  for (std::size_t i = 0; i < futures.size(); ++i) {
    EXPECT_EQ(futures[i].get().body, std::to_string(i % 10));
  }
  EXPECT_EQ(client.get(url("/none")).status, 404);
  EXPECT_EQ(client.head(url("/1")).status, 200);
}

/// Begins slowly.
class LateSink final : public Sink {
 public:
  void write(std::string_view data) override {
    if (text_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    text_.append(data);
  }
  std::string text_;
};

TEST_F(Http2Test, WaitsForSlowSinksBesideOthers) {
  std::string text;
  for (int i = 0; text.size() < 8'000'000; ++i) text += std::to_string(i) + ",";
  write_file(path("large"), text);
  write_file(path("small"), "x");
  options_.buffer_size = 100'000;
  HttpClient client(options_, clock_);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      LateSink sink;
      EXPECT_EQ(client.download(HttpRequest(url("/large")), sink).size, text.size());
      EXPECT_TRUE(sink.text_ == text);
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get(url("/small")).body, "x");
}

TEST_F(Http2Test, SendsBodiesOfUnknownSize) {
  write_file(path("x"), "x");
  HttpClient client(options_, clock_);
  const std::string text(3'000'000, 'b');
  const HttpBody body{[&] { return std::make_unique<StringSource>(text); }, std::nullopt};
  EXPECT_EQ(client.upload(HttpRequest(url("/x"), "POST"), body).status, 200);
}

TEST_F(Http2Test, RefusesACertificateThatIsNotTrusted) {
  write_file(path("x"), "x");
  {
    HttpClient client(options_, clock_);
    EXPECT_EQ(client.get(url("/x")).body, "x");
  }
  options_.ca_bundle.clear();
  HttpClient client(options_, clock_);
  EXPECT_THROW(client.get(url("/x")), DeniedError);
}

}  // namespace
}  // namespace grange
