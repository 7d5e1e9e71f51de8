#include "http/http_server_message.h"

#include <array>
#include <utility>

namespace grange {

namespace {

constexpr std::array<std::pair<RequestMethod, std::string_view>, 7> kMethodNames{{
    {RequestMethod::get, "GET"},
    {RequestMethod::head, "HEAD"},
    {RequestMethod::put, "PUT"},
    {RequestMethod::post, "POST"},
    {RequestMethod::patch, "PATCH"},
    {RequestMethod::erase, "DELETE"},
    {RequestMethod::options, "OPTIONS"},
}};

constexpr std::array<std::pair<int, std::string_view>, 36> kReasonPhrases{{
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
}};

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::denied:
      return 403;
    case ErrorKind::unavailable:
    case ErrorKind::cancelled:
      return 503;
    case ErrorKind::timeout:
      return 504;
    case ErrorKind::corrupt:
    case ErrorKind::system:
      return 500;
  }
  return 500;
}

}  // namespace

std::string_view to_string(RequestMethod method) {
  for (const auto& [have, name] : kMethodNames) {
    if (have == method) return name;
  }
  return "?";
}

std::optional<RequestMethod> parse_request_method(std::string_view text) {
  for (const auto& [method, name] : kMethodNames) {
    if (name == text) return method;
  }
  return std::nullopt;
}

ServerResponse text_response(int status, std::string_view text) {
  ServerResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::string(text) + "\n";
  return response;
}

ServerResponse error_response(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  const int status = ours == nullptr ? 500 : status_of(ours->kind());
  // Other messages, and all contexts, may name files of the server.
  if (status == 400 || status == 409) return text_response(status, ours->message());
  return text_response(status, reason_phrase(status));
}

std::string_view reason_phrase(int status) {
  for (const auto& [have, phrase] : kReasonPhrases) {
    if (have == status) return phrase;
  }
  return "Unknown";
}

}  // namespace grange
