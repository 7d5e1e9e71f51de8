#include "http/sigv4.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";
constexpr std::int64_t kLongestPresigned = std::int64_t{7} * 24 * 3600;

std::string lower_name(std::string_view text) {
  std::string lower(text);
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// What may change on the way, or is added by the client itself.
bool is_left_out(std::string_view name) {
  constexpr std::string_view kNames[] = {"authorization",     "connection", "expect",
                                         "transfer-encoding", "user-agent", "x-amzn-trace-id"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

std::string hmac(std::string_view key, std::string_view text) {
  const auto data = as_bytes(text);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
             digest, &size) == nullptr) {
    throw UnavailableError("the HMAC of a signature could not be computed");
  }
  return {reinterpret_cast<const char*>(digest), size};
}

/// "20130524T000000Z".
std::string amz_date(TimePoint time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(to_unix(time))));
}

/// Without dot segments and empty ones.
std::string normalised_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const auto segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string result;
  for (const auto segment : kept) result.append("/").append(segment);
  if (result.empty() || path.ends_with('/')) result += '/';
  return result;
}

std::string canonical_path(const Url& url, const SigV4Scope& scope) {
  if (url.path().empty()) return "/";
  const auto once = percent_encode(url.decoded_path(), "/");
  return scope.service == "s3" ? once : percent_encode(normalised_path(once), "/");
}

std::string canonical_query(const Url& url) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [key, value] : url.query()) {
    pairs.emplace_back(percent_encode(key), percent_encode(value.value_or("")));
  }
  std::ranges::sort(pairs);
  std::string text;
  for (const auto& [key, value] : pairs) {
    if (!text.empty()) text += '&';
    text.append(key).append("=").append(value);
  }
  return text;
}

/// By lower-case name, in order; `host` included.
std::map<std::string, std::string> signed_headers(const SigV4Request& request) {
  std::map<std::string, std::string> headers;
  headers["host"] = request.url.authority();
  for (const auto& [name, value] : request.headers) {
    const auto lower = lower_name(name);
    if (is_left_out(lower)) continue;
    std::string squeezed;
    for (const auto word : split_words(value)) {
      if (!squeezed.empty()) squeezed += ' ';
      squeezed += word;
    }
    if (lower == "host") {
      headers[lower] = squeezed;
    } else if (const auto [at, fresh] = headers.emplace(lower, squeezed); !fresh) {
      at->second += "," + squeezed;
    }
  }
  return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string credential_scope(const SigV4Scope& scope, std::string_view date) {
  return fmt::format("{}/{}/{}/aws4_request", date.substr(0, 8), scope.region, scope.service);
}

std::string signature(const SigV4Request& request, const AwsKeys& keys, const SigV4Scope& scope,
                      const std::string& date) {
  const auto to_sign =
      fmt::format("{}\n{}\n{}\n{}", kSigV4Algorithm, date, credential_scope(scope, date),
                  payload_hash(detail::canonical_request(request, scope)));
  auto key = hmac("AWS4" + keys.secret_access_key, date.substr(0, 8));
  key = hmac(hmac(hmac(key, scope.region), scope.service), "aws4_request");
  return base16_encode(as_bytes(hmac(key, to_sign)));
}

}  // namespace

std::string payload_hash(std::string_view body) {
  return base16_encode(sha256(body));
}

std::string detail::canonical_request(const SigV4Request& request, const SigV4Scope& scope) {
  const auto headers = signed_headers(request);
  std::string lines;
  for (const auto& [name, value] : headers) lines.append(name).append(":").append(value) += '\n';
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.url, scope),
                     canonical_query(request.url), lines, names_of(headers), request.payload);
}

HttpHeaders sign_v4(const SigV4Request& request, const AwsKeys& keys, const SigV4Scope& scope,
                    TimePoint time) {
  const auto date = amz_date(time);
  HttpHeaders added;
  added.add("X-Amz-Date", date);
  if (scope.service == "s3") added.add("X-Amz-Content-SHA256", request.payload);
  if (!keys.session_token.empty()) added.add("X-Amz-Security-Token", keys.session_token);
  auto whole = request;
  for (const auto& [name, value] : added) whole.headers.set(name, value);
  added.add("Authorization",
            fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kSigV4Algorithm,
                        keys.access_key_id, credential_scope(scope, date),
                        names_of(signed_headers(whole)), signature(whole, keys, scope, date)));
  return added;
}

Url presign_v4(const SigV4Request& request, const AwsKeys& keys, const SigV4Scope& scope,
               TimePoint time, std::chrono::seconds lifetime) {
  if (lifetime.count() < 1 || lifetime.count() > kLongestPresigned) {
    throw InvalidError("a presigned URL lasts 1 second to 7 days; specified are " +
                       std::to_string(lifetime.count()) + " s");
  }
  const auto date = amz_date(time);
  auto whole = request;
  whole.url =
      whole.url.add_query("X-Amz-Algorithm", kSigV4Algorithm)
          .add_query("X-Amz-Credential", keys.access_key_id + "/" + credential_scope(scope, date))
          .add_query("X-Amz-Date", date)
          .add_query("X-Amz-Expires", std::to_string(lifetime.count()))
          .add_query("X-Amz-SignedHeaders", names_of(signed_headers(request)));
  if (!keys.session_token.empty()) {
    whole.url = whole.url.add_query("X-Amz-Security-Token", keys.session_token);
  }
  return whole.url.add_query("X-Amz-Signature", signature(whole, keys, scope, date));
}

std::function<void(HttpRequest&)> sigv4_signer(AwsKeys keys, SigV4Scope scope, std::string payload,
                                               const Clock& clock) {
  return [keys = std::move(keys), scope = std::move(scope), payload = std::move(payload),
          &clock](HttpRequest& request) {
    const auto added =
        sign_v4({request.method, request.url, request.headers, payload}, keys, scope, clock.now());
    for (const auto& [name, value] : added) request.headers.set(name, value);
  };
}

}  // namespace grange
