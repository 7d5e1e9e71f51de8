#include "http/http_client_retry.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <curl/curl.h>

#include "base/text.h"

namespace grange {

bool is_passing_status(int status) noexcept {
  if (status == 408 || status == 425 || status == 429) return true;
  return status >= 500 && status != 501 && status != 505 && status != 511;
}

bool is_refusal_to_act(int status) noexcept {
  return status == 425 || status == 429 || status == 503;
}

std::optional<Seconds> retry_after(const HttpHeaders& headers, TimePoint now) {
  const auto value = headers.get("Retry-After");
  if (!value) return std::nullopt;
  if (const auto seconds = parse_number(*value)) return Seconds(static_cast<double>(*seconds));
  const auto date = ::curl_getdate(std::string(*value).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return Seconds(static_cast<double>(std::max<std::int64_t>(date - to_unix(now), 0)));
}

Seconds retry_delay(const HttpRetryPolicy& policy, unsigned tried, double chance,
                    std::optional<Seconds> asked) {
  const auto doubled = policy.base_delay * std::exp2(std::min(tried, 60U) - 1.0);
  const auto own = std::min(doubled, policy.max_delay) * (0.5 + chance / 2);
  if (!asked) return own;
  return std::max(own, std::min(*asked, policy.max_retry_after));
}

}  // namespace grange
