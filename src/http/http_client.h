#pragma once

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>

#include "base/clock.h"
#include "base/stream.h"
#include "http/http_client_options.h"
#include "http/http_request.h"
#include "http/url.h"

namespace grange {

/// Asks HTTP servers: one thread of its own drives all requests, over few connections that are
/// kept and, with HTTP/2, shared. Tries again what may pass, and follows redirects. Any status
/// is a value (see throw_for_status). Thread safe.
///
/// All functions throw, or give to the future or callback: InvalidError (what cannot be asked for;
/// a redirect that leads nowhere), DeniedError (a certificate that is not trusted), CorruptError
/// (an answer that is too large or malformed), UnavailableError, TimeoutError (the deadline; no
/// connection; a server that keeps silent), CancelledError (stopped, or the client was destroyed).
class HttpClient {
 public:
  /// `clock` outlives it.
  HttpClient(HttpClientOptions options, const Clock& clock);
  /// Cancels what has not ended, and joins the thread.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Called once, on the client's thread: must neither block nor throw, nor destroy the client.
  using Callback = std::function<void(HttpResponse response, std::exception_ptr error)>;
  /// Begins a request whose answer is gathered. Thousands may be begun; they wait for their turn.
  void start(HttpRequest request, Callback done, std::stop_token stop = {});
  std::future<HttpResponse> start(HttpRequest request, std::stop_token stop = {});

  /// Any method; the answer is gathered.
  HttpResponse send(HttpRequest request, const std::stop_token& stop = {});
  HttpResponse get(const Url& url, const std::stop_token& stop = {});
  HttpResponse head(const Url& url, const std::stop_token& stop = {});

  /// Writes the body of a success into `sink` from this thread, at the sink's own pace; nothing of
  /// an answer that is no success. A download that breaks off is continued, if the server can tell
  /// that it still is the same; the sink never gets a byte twice. When this throws, the sink may
  /// hold a part.
  HttpResponse download(HttpRequest request, Sink& sink, const std::stop_token& stop = {});

  /// The same, pulled: waits for the first bytes, and throws as throw_for_status where there is no
  /// success. For one thread; the client outlives it.
  std::unique_ptr<Source> open(HttpRequest request, const std::stop_token& stop = {});

  /// Sends `body`, read from this thread, and again from its start for each try. The answer
  /// is gathered. Throws also what the body throws, and CorruptError when it has not the stated
  /// size.
  HttpResponse upload(HttpRequest request, const HttpBody& body, const std::stop_token& stop = {});

 private:
  HttpResponse stream(HttpRequest request, Sink* sink, const HttpBody* body,
                      const std::stop_token& stop);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace grange
