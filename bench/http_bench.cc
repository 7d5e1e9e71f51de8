// Serves a directory over HTTP until it is interrupted, to be put beside other servers:
//   http_bench DIRECTORY [PORT]     (default port: 8080)
// GET /quick is answered on an io thread, /pool on the pool, any other path is a file.

#include <csignal>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "http/conditional.h"
#include "http/http_route.h"
#include "http/http_server.h"

namespace grange {
namespace {

ServerResponse twelve_bytes() {
  ServerResponse response;
  response.headers.set("Content-Type", "text/plain");
  response.body = "hello world\n";
  return response;
}

Router routes(const std::filesystem::path& directory) {
  Handling quick;
  quick.place = HandlerPlace::inline_on_io;
  quick.run = [](HandlerCall&) { return twelve_bytes(); };
  Handling pool;
  pool.run = [](HandlerCall&) { return twelve_bytes(); };
  Handling file;
  file.run = [directory](HandlerCall& call) {
    FileBody body = FileBody::open(directory / call.capture("path"));
    ServerResponse response;
    response.headers.set("Content-Type", "application/octet-stream");
    response.headers.set("Last-Modified", format_http_date(body.modified));
    response.body = std::move(body);
    return apply_conditions(call.request, std::move(response));
  };
  Handling put;
  put.body = BodyMode::source;
  put.run = [](HandlerCall& call) {
    NullSink nowhere;
    return text_response(201, fmt::format("{} bytes", drain(*call.source, nowhere)));
  };
  Router router;
  router.add(RequestMethod::get, "/quick", quick)
      .add(RequestMethod::get, "/pool", pool)
      .add(RequestMethod::put, "/{path*}", put)
      .add(RequestMethod::get, "/{path*}", file);
  return router;
}

int serve(const std::filesystem::path& directory, std::string_view port) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  HttpServerOptions options;
  options.port = static_cast<std::uint16_t>(parse_number(port).value_or(0));
  HttpServer server(options, routes(directory));
  fmt::print("http://127.0.0.1:{}/\n", server.port());
  int got = 0;
  ::sigwait(&signals, &got);
  server.stop(std::chrono::seconds(1));
  return 0;
}

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: http_bench DIRECTORY [PORT]\n");
    return 2;
  }
  try {
    return grange::serve(argv[1], argc == 3 ? argv[2] : "8080");
  } catch (const grange::Error& error) {
    fmt::print(stderr, "http_bench: {}\n", error.what());
    return 1;
  }
}
