#include "serve/session_cookie.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <sodium.h>

#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "serve/mutating_gets.h"
#include "serve/problem.h"

namespace grange {
namespace {

constexpr std::string_view kCookie = "grange_session";
constexpr std::size_t kSecretBytes = 32;

std::string cookie_text(std::string_view value, std::chrono::seconds age,
                        const SiteSettings& site) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", kCookie, value,
                     age.count(), site.is_secure() ? "; Secure" : "");
}

std::optional<Url> parse_origin(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos) return std::nullopt;
  // The rest of a Referer is the browser's own spelling, which need not be a strict URL.
  const auto origin = text.substr(0, text.find_first_of("/?#", scheme + 3));
  try {
    auto url = Url::parse(origin);
    if (url.user() || (url.scheme() != "http" && url.scheme() != "https")) return std::nullopt;
    return url;
  } catch (const InvalidError&) {
    return std::nullopt;
  }
}

bool is_own(const Url& origin, const ServerRequest& request, const SiteSettings& site) {
  if (site.base_url && site.base_url->same_origin(origin)) return true;
  // What a browser asked this server under is its own too, but nothing that others on the way
  // could have written into it.
  if (site.is_secure() && origin.scheme() != "https") return false;
  if (request.headers.count("Host") != 1) return false;
  const auto host = parse_origin(origin.scheme() + "://" + *request.headers.find("Host"));
  return host && host->same_origin(origin);
}

bool changes_something(RequestMethod method) {
  return method == RequestMethod::post || method == RequestMethod::put ||
         method == RequestMethod::patch || method == RequestMethod::erase;
}

/// What Hydra's clients PUT and DELETE without an Origin or a Referer, which Hydra does not ask for
/// there. No browser sends those methods to another site without an Origin, or without having asked
/// it first.
bool is_hydra_client(const ServerRequest& request) {
  const auto& path = request.target.path;
  if (request.method == RequestMethod::put && path == "/api/push") return true;
  return (request.method == RequestMethod::put || request.method == RequestMethod::erase) &&
         (path.starts_with("/project/") || path.starts_with("/jobset/"));
}

}  // namespace

std::string random_secret() {
  GRANGE_CHECK(sodium_init() >= 0);
  std::array<std::uint8_t, kSecretBytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return base16_encode(bytes);
}

bool equal_secrets(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::optional<Sha256> session_digest(const ServerRequest& request) {
  for (const auto& [name, value] : request.headers.all()) {
    if (!equal_ignoring_case(name, "Cookie")) continue;
    for (const auto piece : split(value, ';')) {
      const auto cookie = trim(piece);
      const auto equals = cookie.find('=');
      if (equals == cookie.npos || cookie.substr(0, equals) != kCookie) continue;
      const auto secret = cookie.substr(equals + 1);
      if (secret.size() == 2 * kSecretBytes) return sha256(secret);
    }
  }
  return std::nullopt;
}

std::string session_cookie(std::string_view secret, const SessionTimes& times,
                           const SiteSettings& site) {
  // When it is idle for too long is the server's to know; so the cookie is not sent anew each time.
  return cookie_text(secret, times.longest, site);
}

std::string ended_session_cookie(const SiteSettings& site) {
  return cookie_text("", std::chrono::seconds(0), site);
}

TimePoint session_expiry(TimePoint created, TimePoint now, const SessionTimes& times) {
  return std::min(now + times.idle, created + times.longest);
}

bool is_extension_due(TimePoint created, TimePoint expires, TimePoint now,
                      const SessionTimes& times) {
  const auto extended = session_expiry(created, now, times);
  return extended > expires &&
         (extended - expires >= times.idle / 10 || extended == created + times.longest);
}

RequestSite request_site(const ServerRequest& request, const SiteSettings& site) {
  const auto fetch_site = request.headers.get("Sec-Fetch-Site");
  if (fetch_site == "cross-site" || fetch_site == "same-site") return RequestSite::foreign;
  for (const std::string_view field : {"Origin", "Referer"}) {
    const auto* value = request.headers.find(field);
    if (value == nullptr) continue;
    if (request.headers.count(field) != 1) return RequestSite::foreign;
    const auto origin = parse_origin(*value);
    return origin && is_own(*origin, request, site) ? RequestSite::own : RequestSite::foreign;
  }
  return RequestSite::unsaid;
}

void refuse_forgery(const ServerRequest& request, const Identity& identity,
                    const SiteSettings& site) {
  const bool is_get = !changes_something(request.method);
  if (is_get && find_mutating_get(request.target.path) == nullptr) return;
  if (is_get && request.method != RequestMethod::get) {
    throw RefusedError("only GET does this, not " + std::string(to_string(request.method)));
  }
  if (identity.by == Identity::By::token) return;
  const auto from = request_site(request, site);
  if (from == RequestSite::foreign) throw RefusedError("this request comes from another site");
  if (is_get || from == RequestSite::own || identity.is_anonymous()) return;
  if (is_hydra_client(request)) return;
  if (!identity.csrf.empty() && equal_secrets(request.headers.get("X-CSRF-Token"), identity.csrf)) {
    return;
  }
  throw RefusedError(
      "specified an X-CSRF-Token with the session's token, or an Origin or Referer of this server; "
      "got none");
}

}  // namespace grange
