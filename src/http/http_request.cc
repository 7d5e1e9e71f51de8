#include "http/http_request.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "http/http_token.h"

namespace grange {
namespace {

char lower_header_character(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_header_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower_header_character, lower_header_character);
}

HttpHeaders::HttpHeaders(std::initializer_list<Field> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

void HttpHeaders::add(std::string_view name, std::string_view value) {
  if (!is_http_token(name)) {
    throw InvalidError("'" + printable(name) + "' is not the name of an HTTP header");
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw InvalidError("the HTTP header '" + std::string(name) + "' has a line break in its value");
  }
  fields_.emplace_back(name, trim(value));
}

void HttpHeaders::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void HttpHeaders::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return same_header_name(field.first, name); });
}

std::optional<std::string_view> HttpHeaders::get(std::string_view name) const {
  for (const auto& field : fields_) {
    if (same_header_name(field.first, name)) return field.second;
  }
  return std::nullopt;
}

void throw_for_status(const HttpResponse& response) {
  if (response.ok()) return;
  auto message = "HTTP status " + std::to_string(response.status);
  if (response.url) message += " from '" + response.url->shown() + "'";
  switch (response.status) {
    case 404:
    case 410:
      throw NotFoundError(std::move(message));
    case 401:
    case 403:
    case 407:
      throw DeniedError(std::move(message));
    case 408:
    case 504:
      throw TimeoutError(std::move(message));
    case 409:
    case 412:
      throw ConflictError(std::move(message));
    case 425:
    case 429:
      throw UnavailableError(std::move(message));
    default:
      if (response.status >= 500) throw UnavailableError(std::move(message));
      throw InvalidError(std::move(message));
  }
}

}  // namespace grange
