#include "serve/safe_headers.h"

#include <utility>

namespace grange {
namespace {

/// The pages of this server style themselves and run nothing.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
constexpr std::string_view kDataPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";

void set_missing(HeaderFields& headers, std::string_view name, std::string_view value) {
  if (headers.find(name) == nullptr) headers.set(name, value);
}

}  // namespace

Handling with_safe_headers(Handling handling) {
  handling.run = [run = std::move(handling.run)](HandlerCall& call) {
    auto response = run(call);
    auto& headers = response.headers;
    const bool is_page = headers.get("Content-Type").starts_with("text/html");
    set_missing(headers, "X-Content-Type-Options", "nosniff");
    set_missing(headers, "Content-Security-Policy", is_page ? kPagePolicy : kDataPolicy);
    set_missing(headers, "X-Frame-Options", "DENY");
    // Not "no-referrer", which makes the Origin of forms "null".
    set_missing(headers, "Referrer-Policy", "same-origin");
    return response;
  };
  return handling;
}

}  // namespace grange
