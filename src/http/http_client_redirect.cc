#include "http/http_client_redirect.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool holds_no_secret(std::string_view name) {
  constexpr std::string_view kNames[] = {"Accept",        "Accept-Encoding",     "Accept-Language",
                                         "Cache-Control", "Content-Type",        "Content-Encoding",
                                         "If-Match",      "If-Modified-Since",   "If-None-Match",
                                         "If-Range",      "If-Unmodified-Since", "Range",
                                         "User-Agent",    "Content-Disposition"};
  return std::ranges::any_of(kNames, [&](auto known) { return same_header_name(name, known); });
}

void become_get(HttpRequest& request) {
  if (request.method != "HEAD") request.method = "GET";
  request.body.reset();
  request.headers.remove("Content-Type");
  request.headers.remove("Content-Encoding");
}

}  // namespace

std::optional<HttpRequest> redirected(const HttpRequest& request, int status,
                                      const HttpHeaders& answered) {
  const auto location = answered.get("Location");
  if (!is_redirect(status) || !location) return std::nullopt;
  auto next = request;
  next.url = with_context([&] { return "in the Location '" + printable(*location) + "'"; },
                          [&] { return request.url.without_user_info().resolve(*location); });
  const auto& scheme = next.url.scheme();
  if (scheme != "http" && scheme != "https") {
    throw InvalidError("the redirect leads to a URL of the scheme '" + scheme + "'");
  }
  if (request.url.scheme() == "https" && scheme == "http") {
    throw DeniedError("the redirect leads from https to http");
  }
  if (status == 303 || (request.method == "POST" && status <= 302)) become_get(next);
  if (next.url.same_origin(request.url)) return next;
  next.url = next.url.without_user_info();
  next.sign = nullptr;
  next.headers.clear();
  for (const auto& [name, value] : request.headers) {
    if (holds_no_secret(name)) next.headers.add(name, value);
  }
  return next;
}

}  // namespace grange
