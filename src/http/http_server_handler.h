#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stream.h"
#include "http/http_server_message.h"

namespace grange {

/// What a handler is called with; everything lives until it returns.
struct HandlerCall {
  const ServerRequest& request;
  /// What the route's pattern took from the path, by name (http_route.h).
  std::vector<std::pair<std::string, std::string>> captured;
  /// The body, where the handler asked for it as a text.
  std::string text;
  /// The body as it arrives, where the handler asked for a source; else null. Reading blocks until
  /// the client sends; it throws UnavailableError when the client is gone, TimeoutError when it
  /// stalls, InvalidError for a malformed or too large body, CancelledError when the server stops.
  /// A client that waits for "100 Continue" gets it with the first read.
  Source* source = nullptr;
  /// Stopped when the deadline passes or the server stops: the handler must end soon.
  std::stop_token stop;
  MonotonicTime deadline = MonotonicTime::max();

  /// What was captured as `name`; empty when nothing was.
  const std::string& capture(std::string_view name) const;
};

/// Where a handler runs.
enum class HandlerPlace {
  inline_on_io,  ///< on the io thread: only for what neither blocks nor computes for long
  compute,       ///< on the pool that has one thread for each processor
  blocking,      ///< on the pool for what waits: files, databases, bodies
};

/// How a handler takes the request's body.
enum class BodyMode {
  none,    ///< it takes none; what the client sends is dropped
  text,    ///< all of it, before the handler is called
  source,  ///< while it arrives; not together with `inline_on_io`
};

/// What is to happen with a request whose head has arrived.
struct Handling {
  HandlerPlace place = HandlerPlace::blocking;
  BodyMode body = BodyMode::none;
  /// More than this is refused with 413; nothing: the server's limit for the mode.
  std::optional<std::uint64_t> body_limit;
  /// How long the handler may take; nothing: the server's time, or no end for a `source`, where
  /// only a client that stalls is given up.
  std::optional<std::chrono::milliseconds> timeout;
  /// Errors become responses by `error_response`.
  std::function<ServerResponse(HandlerCall&)> run;
  std::vector<std::pair<std::string, std::string>> captured;
};

/// Called on an io thread for each head, so it must be quick and may not block; thread safe. A
/// Router is one.
using Dispatch = std::function<Handling(const ServerRequest&)>;

}  // namespace grange
