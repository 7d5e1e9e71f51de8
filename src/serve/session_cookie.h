#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hash.h"
#include "http/http_server_message.h"
#include "http/url.h"
#include "serve/identity.h"

namespace grange {

/// Where browsers find this server.
struct SiteSettings {
  std::optional<Url> base_url;
  /// It is behind something that speaks https; so it is where the base URL says so.
  bool behind_https = false;

  bool is_secure() const { return behind_https || (base_url && base_url->scheme() == "https"); }
};

struct SessionTimes {
  std::chrono::seconds idle{std::chrono::hours(14 * 24)};     ///< without a request
  std::chrono::seconds longest{std::chrono::hours(90 * 24)};  ///< since it was begun
};

/// 256 random bits in base 16.
std::string random_secret();
/// Takes as long whatever is different.
bool equal_secrets(std::string_view left, std::string_view right);

/// The digest of the cookie `grange_session`, where the request has one that could be ours.
std::optional<Sha256> session_digest(const ServerRequest& request);
/// The value of a Set-Cookie field: HttpOnly, SameSite=Lax, and Secure where the site is.
std::string session_cookie(std::string_view secret, const SessionTimes& times,
                           const SiteSettings& site);
/// The same for one that is over.
std::string ended_session_cookie(const SiteSettings& site);

/// When a session that is used now expires.
TimePoint session_expiry(TimePoint created, TimePoint now, const SessionTimes& times);
/// Is it worth writing down? Once in a tenth of the idle time at most.
bool is_extension_due(TimePoint created, TimePoint expires, TimePoint now,
                      const SessionTimes& times);

/// Which site a request comes from, as its browser tells.
enum class RequestSite {
  own,      ///< Origin, else Referer, is this server's
  foreign,  ///< it is another's, or "null", or Sec-Fetch-Site says so
  unsaid,
};
/// The server's own origin is the base URL's, and where the request went to (its Host).
RequestSite request_site(const ServerRequest& request, const SiteSettings& site);

/// Throws RefusedError for a request that another site may have made a browser send. Whatever
/// changes something (PUT, POST, PATCH, DELETE, and the GETs of mutating_gets.h) must not come from
/// a foreign site; of a session it must say that it comes from the own site, or have X-CSRF-Token
/// with the session's token, unless it is one of those GETs. No browser adds a token by itself, so
/// who has one may send what they like.
void refuse_forgery(const ServerRequest& request, const Identity& identity,
                    const SiteSettings& site);

}  // namespace grange
