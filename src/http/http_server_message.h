#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/http_body.h"
#include "http/http_server_fields.h"
#include "http/http_server_target.h"

namespace grange {

/// The methods that handlers may see; any other is answered with 501.
enum class RequestMethod { get, head, put, post, patch, erase, options };

/// "GET"; RFC 9110's names, `erase` being DELETE.
std::string_view to_string(RequestMethod method);
std::optional<RequestMethod> parse_request_method(std::string_view text);

/// The head of one request.
struct ServerRequest {
  RequestMethod method = RequestMethod::get;
  RequestTarget target;
  HeaderFields headers;
  /// "127.0.0.1:4711", "[::1]:4711"; "unix" for a client at the Unix socket.
  std::string remote;
  /// How long its body is, where it says so; 0 without one.
  std::optional<std::uint64_t> content_length;
};

/// One response. The server adds Date, Content-Length or Transfer-Encoding, and Connection; these
/// are not taken from `headers`. To HEAD, and with 204 and 304, no body is sent.
struct ServerResponse {
  int status = 200;
  HeaderFields headers;
  ResponseBody body;
};

/// A short plain text with a line break at its end.
ServerResponse text_response(int status, std::string_view text);
/// What becomes of an error that leaves a handler; the one place where kinds become statuses.
/// Only what is invalid or in conflict tells its message: others may name files of the server.
ServerResponse error_response(const std::exception& error);
/// "Not Found"; "Unknown" for what RFC 9110 does not name.
std::string_view reason_phrase(int status);

}  // namespace grange
