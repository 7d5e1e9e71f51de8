#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stream.h"
#include "http/http_client_options.h"
#include "http/url.h"

namespace grange {

/// Header fields in the order they were added; names are compared without regard to case.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields);

  /// Throws InvalidError where the name is no token, or the value would begin another line.
  void add(std::string_view name, std::string_view value);
  /// In the place of all of this name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// The first of this name.
  std::optional<std::string_view> get(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  void clear() { fields_.clear(); }

 private:
  std::vector<Field> fields_;
};

/// Are two header names the same?
bool same_header_name(std::string_view left, std::string_view right);

/// A body that is too large to hold, or not made yet.
struct HttpBody {
  /// From the first byte, again for each try.
  std::function<std::unique_ptr<Source>()> open;
  /// Where known: then the body must have exactly that many bytes. Else it is sent in chunks.
  std::optional<std::uint64_t> size;
};

/// What to ask of whom, and with how much patience.
struct HttpRequest {
  explicit HttpRequest(Url where, std::string verb = "GET")
      : method(std::move(verb)), url(std::move(where)) {}

  std::string method;  ///< upper case
  Url url;             ///< http or https; its user and password become an Authorization header
  HttpHeaders headers;
  std::optional<std::string> body;  ///< a small one; see HttpClient::upload for others

  /// Before each try, on the client's thread: may add headers, for example a signature. Must not
  /// block or throw. Not called where a redirect leads to another origin.
  std::function<void(HttpRequest&)> sign;

  /// The largest body that is gathered; beyond it, CorruptError. Not for downloads into a sink.
  std::uint64_t max_body = std::uint64_t{64} << 20;
  /// Ask for a Content-Encoding and undo it. A .nar.xz is a file, not an encoded .nar.
  bool decode = false;
  /// Not through a proxy, whatever the client's options and the environment say.
  bool direct = false;
  /// May it be sent twice? Nothing: as the method says (not POST and PATCH, which are tried again
  /// only when the server cannot have acted: no connection, 429, 503).
  std::optional<bool> repeatable;
  std::optional<MonotonicTime> deadline;  ///< for all tries together
  /// In the place of the client's own.
  std::optional<HttpRetryPolicy> retry;
  std::optional<HttpTimeouts> timeouts;
  std::optional<unsigned> max_redirects;  ///< 0: a redirect is an answer like any other
};

/// What a server answered. Any status is a value.
struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  /// What was gathered. Of an answer that is no success (not 2xx) at most kMaxErrorBody bytes.
  std::string body;
  std::uint64_t size = 0;  ///< bytes of the body, also where they went into a sink
  std::optional<Url> url;  ///< that answered, after redirects

  static constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;
  bool ok() const noexcept { return status >= 200 && status < 300; }
};

/// Nothing for 2xx; otherwise throws by what can be done about it: NotFoundError for 404 and 410,
/// DeniedError for 401, 403 and 407, TimeoutError for 408 and 504, UnavailableError for 425, 429
/// and 5xx, ConflictError for 409 and 412, InvalidError for the rest.
void throw_for_status(const HttpResponse& response);

}  // namespace grange
