#include "build/download.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "build/test_http_server.h"
#include "process/process.h"

namespace grange {
namespace {

using namespace std::chrono_literals;

class DownloadTest : public testing::Test {
 protected:
  DownloadTest() {
    options_.limits.first_retry_delay = Seconds(0.01);
    options_.report = [this](std::string_view line) { reported_.emplace_back(line); };
  }

  std::string fetch(const std::string& url) {
    const auto path = directory_.path() / "file";
    std::filesystem::remove(path);
    const auto file = open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    download(url, file.get(), options_, clock_, stop_.get_token());
    return read_file(path);
  }

  TemporaryDirectory directory_;
  SystemClock clock_;
  DownloadOptions options_;
  std::vector<std::string> reported_;
  std::stop_source stop_;
};

TEST_F(DownloadTest, FetchesAndFollows) {
  TestHttpServer server([](const std::string& request) {
    if (request.starts_with("GET /moved ")) {
      return TestHttpServer::status(302, "Location: /here\r\n");
    }
    return TestHttpServer::ok("content");
  });
  EXPECT_EQ(fetch(server.url("/here")), "content");
  EXPECT_EQ(fetch(server.url("/moved")), "content");
  EXPECT_TRUE(reported_.empty());
}

TEST_F(DownloadTest, RedirectsHaveAnEndAndStayOnTheNetwork) {
  TestHttpServer server([](const std::string& request) {
    if (request.starts_with("GET /file ")) {
      return TestHttpServer::status(302, "Location: file:///etc/passwd\r\n");
    }
    return TestHttpServer::status(302, "Location: /again\r\n");
  });
  EXPECT_THROW(fetch(server.url("/again")), InvalidError);
  EXPECT_EQ(server.requests(), options_.limits.max_redirects + 1U);
  EXPECT_THROW(fetch(server.url("/file")), InvalidError);
}

TEST_F(DownloadTest, LastingErrorsAreTriedOnce) {
  int code = 404;
  TestHttpServer server([&](const std::string&) { return TestHttpServer::status(code); });
  EXPECT_THROW(fetch(server.url("/x")), NotFoundError);
  code = 403;
  EXPECT_THROW(fetch(server.url("/x")), DeniedError);
  code = 501;
  EXPECT_THROW(fetch(server.url("/x")), InvalidError);
  EXPECT_EQ(server.requests(), 3U);
}

TEST_F(DownloadTest, PassingErrorsAreTriedAgain) {
  int failures = 2;
  TestHttpServer server([&](const std::string&) {
    return failures-- > 0 ? TestHttpServer::status(503) : TestHttpServer::ok("content");
  });
  EXPECT_EQ(fetch(server.url("/x")), "content");
  EXPECT_EQ(server.requests(), 3U);
  ASSERT_EQ(reported_.size(), 2U);
  EXPECT_NE(reported_[0].find("HTTP error 503"), std::string::npos) << reported_[0];

  failures = 100;
  EXPECT_THROW(fetch(server.url("/x")), UnavailableError);
  EXPECT_EQ(server.requests(), 3U + options_.limits.tries);
}

TEST_F(DownloadTest, ResumesABrokenTransfer) {
  std::vector<std::string> ranges;
  TestHttpServer server([&](const std::string& request) -> std::string {
    const auto range = request.find("Range: ");
    if (range == std::string::npos) {
      return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";  // then the line goes dead
    }
    ranges.push_back(request.substr(range, request.find("\r\n", range) - range));
    return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: "
           "5\r\nConnection: close\r\n\r\n56789";
  });
  EXPECT_EQ(fetch(server.url("/x")), "0123456789");
  EXPECT_EQ(ranges, std::vector<std::string>{"Range: bytes=5-"});
}

TEST_F(DownloadTest, StartsAnewWhereTheServerCannotResume) {
  TestHttpServer server([&](const std::string& request) -> std::string {
    static int visits = 0;
    if (++visits == 1) return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
    if (request.find("Range: ") != std::string::npos && visits == 2) {
      return TestHttpServer::ok("the whole");  // it ignores the range
    }
    return TestHttpServer::ok("the whole");
  });
  EXPECT_EQ(fetch(server.url("/x")), "the whole");
}

TEST_F(DownloadTest, RefusesWhatIsTooLarge) {
  options_.limits.max_bytes = 5;
  TestHttpServer server([](const std::string&) { return TestHttpServer::ok("123456"); });
  EXPECT_THROW(fetch(server.url("/x")), InvalidError);
  EXPECT_EQ(server.requests(), 1U);
}

TEST_F(DownloadTest, CanBeStopped) {
  TestHttpServer server([](const std::string&) { return std::string(); });
  std::jthread stopper([&] {
    std::this_thread::sleep_for(50ms);
    stop_.request_stop();
  });
  const auto start = clock_.monotonic();
  EXPECT_THROW(fetch(server.url("/x")), CancelledError);
  EXPECT_LT(clock_.monotonic() - start, 1s);
}

TEST_F(DownloadTest, HasADeadline) {
  TestHttpServer server([](const std::string&) { return std::string(); });
  options_.deadline = clock_.monotonic() + 50ms;
  EXPECT_THROW(fetch(server.url("/x")), TimeoutError);
  options_.deadline = clock_.monotonic() + 50ms;
  options_.limits.first_retry_delay = Seconds(60);
  TestHttpServer broken([](const std::string&) { return TestHttpServer::status(503); });
  EXPECT_THROW(fetch(broken.url("/x")), TimeoutError);
}

TEST_F(DownloadTest, SendsNamesAndPasswordsFromNetrc) {
  std::string authorization;
  TestHttpServer server([&](const std::string& request) {
    const auto at = request.find("Authorization: ");
    authorization =
        at == std::string::npos ? "" : request.substr(at, request.find("\r\n", at) - at);
    return TestHttpServer::ok("content");
  });
  fetch(server.url("/x"));
  EXPECT_EQ(authorization, "");
  options_.netrc = directory_.path() / "netrc";
  write_file(options_.netrc, "machine 127.0.0.1 login me password secret\n");
  fetch(server.url("/x"));
  EXPECT_EQ(authorization, "Authorization: Basic bWU6c2VjcmV0");
}

TEST_F(DownloadTest, ReadsLocalFiles) {
  const auto path = directory_.path() / "a b";
  write_file(path, "local");
  EXPECT_EQ(fetch("file://" + path.string()), "local");
  EXPECT_EQ(fetch("file://localhost" + (directory_.path() / "a%20b").string()), "local");
  EXPECT_THROW(fetch("file://" + (directory_.path() / "none").string()), NotFoundError);
  EXPECT_THROW(fetch("file://relative"), InvalidError);
  EXPECT_THROW(fetch("file://" + directory_.path().string()), InvalidError);
  const auto pipe = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(fetch("file://" + pipe.string()), InvalidError);
  EXPECT_THROW(fetch("file:///dev/zero"), InvalidError);
  options_.limits.max_bytes = 4;
  EXPECT_THROW(fetch("file://" + path.string()), InvalidError);
}

TEST_F(DownloadTest, RefusesOtherSchemes) {
  for (const auto* url : {"gopher://127.0.0.1/", "dict://127.0.0.1/", "nonsense", "", "http://"}) {
    EXPECT_THROW(fetch(url), InvalidError) << url;
  }
}

/// "openssl s_server" with a certificate of its own, which nobody has reason to trust.
class TlsServer {
 public:
  explicit TlsServer(const std::filesystem::path& directory)
      : certificate(directory / "certificate") {
    write_file(directory / "content", "secret");
    SpawnOptions make;
    make.arguments = {"openssl",
                      "req",
                      "-x509",
                      "-newkey",
                      "ec",
                      "-pkeyopt",
                      "ec_paramgen_curve:prime256v1",
                      "-nodes",
                      "-days",
                      "2",
                      "-subj",
                      "/CN=127.0.0.1",
                      "-addext",
                      "subjectAltName=IP:127.0.0.1",
                      "-keyout",
                      "key",
                      "-out",
                      "certificate"};
    make.working_directory = directory;
    SystemProcessRunner().run(make, "", {}, {});
    auto [read, write] = make_pipe();
    SpawnOptions serve;
    serve.arguments = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-WWW",
                       "-key",    "key",      "-cert",   "certificate"};
    serve.working_directory = directory;
    serve.standard_output = write.get();
    const auto silence = open_file("/dev/null", O_WRONLY);
    serve.standard_error = silence.get();
    server_.emplace(ChildProcess::spawn(serve));
    write.reset();
    std::string said;
    char buffer[256];
    while (said.find("ACCEPT ") == std::string::npos ||
           said.find('\n', said.find("ACCEPT ")) == std::string::npos) {
      const auto count = ::read(read.get(), buffer, sizeof buffer);
      if (count <= 0) throw UnavailableError("openssl s_server does not start: " + said);
      said.append(buffer, static_cast<std::size_t>(count));
    }
    const auto line = said.substr(said.find("ACCEPT ") + 7);
    url = "https://" + line.substr(0, line.find('\n')) + "/content";
    output_ = std::move(read);
  }

  std::filesystem::path certificate;
  std::string url;

 private:
  std::optional<ChildProcess> server_;
  FileDescriptor output_;
};

TEST_F(DownloadTest, VerifiesCertificates) {
  std::optional<TlsServer> server;
  try {
    server.emplace(directory_.path());
  } catch (const NotFoundError&) {
    GTEST_SKIP() << "there is no program openssl";
  }
  EXPECT_THROW(fetch(server->url), DeniedError);
  options_.certificates = server->certificate;
  EXPECT_EQ(fetch(server->url), "secret");
}

TEST_F(DownloadTest, NobodyListening) {
  std::string url;
  {
    const TestHttpServer server([](const std::string&) { return std::string(); });
    url = server.url("/x");
  }
  options_.limits.tries = 2;
  try {
    fetch(url);
    FAIL() << "nobody is there";
  } catch (const UnavailableError& error) {
    EXPECT_NE(std::string(error.what()).find("while downloading '" + url + "'"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace grange
