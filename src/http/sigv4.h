#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/aws_keys.h"
#include "http/http_request.h"
#include "http/url.h"

namespace grange {

/// AWS Signature Version 4 (HMAC-SHA256), as "Authenticating Requests (AWS Signature Version 4)" of
/// the Amazon S3 API reference describes it. Pure: no clock, no environment.

/// The payload hash of a body that is not signed.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
/// The payload hash of this body: SHA-256 in base 16.
std::string payload_hash(std::string_view body);

/// Where a signature is good.
struct SigV4Scope {
  std::string region;
  std::string service = "s3";
};

/// What is signed. The URL must go out as it prints. For `s3` its path is encoded once and its dot
/// segments count; for other services it is normalised and encoded twice, as they do.
struct SigV4Request {
  std::string method;
  Url url;
  HttpHeaders headers;  ///< all are signed but those that a proxy or the client may change
  std::string payload;  ///< base 16 of its SHA-256, or kUnsignedPayload
};

/// The headers to add: Authorization, X-Amz-Date, X-Amz-Security-Token where there is a token, and
/// for `s3` X-Amz-Content-SHA256. They take the place of such headers in the request.
HttpHeaders sign_v4(const SigV4Request& request, const AwsKeys& keys, const SigV4Scope& scope,
                    TimePoint time);

/// The URL with the signature in its query: who has it can send the request, with the headers given
/// here if there are any, for `lifetime` (1 s to 7 days; else InvalidError).
Url presign_v4(const SigV4Request& request, const AwsKeys& keys, const SigV4Scope& scope,
               TimePoint time, std::chrono::seconds lifetime);

/// For HttpRequest::sign: signs each try anew, with the time of `clock` (kept by reference).
std::function<void(HttpRequest&)> sigv4_signer(AwsKeys keys, SigV4Scope scope, std::string payload,
                                               const Clock& clock);

namespace detail {
/// The text of which the string to sign holds a hash; for tests.
std::string canonical_request(const SigV4Request& request, const SigV4Scope& scope);
}  // namespace detail

}  // namespace grange
