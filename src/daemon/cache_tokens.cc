#include "daemon/cache_tokens.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "http/http_server_fields.h"

namespace grange {

UploadTokens UploadTokens::parse(std::string_view text) {
  UploadTokens tokens;
  for (const auto line : split(text, '\n')) {
    const auto token = trim(line);
    if (token.empty() || token.starts_with('#')) continue;
    if (token.find_first_of(" \t") != token.npos) {
      throw InvalidError("a token for uploads has white space in it");
    }
    tokens.digests_.push_back(sha256(token));
  }
  if (tokens.digests_.empty()) throw InvalidError("there is no token for uploads");
  return tokens;
}

bool UploadTokens::accept(std::string_view authorization) const {
  const auto space = authorization.find(' ');
  if (space == authorization.npos) return false;
  const auto scheme = authorization.substr(0, space);
  const auto value = trim(authorization.substr(space));
  if (equal_ignoring_case(scheme, "Bearer")) return is_known(value);
  if (!equal_ignoring_case(scheme, "Basic")) return false;
  const auto decoded = base64_decode(value);
  if (!decoded) return false;
  const auto pair = as_text(*decoded);
  const auto colon = pair.find(':');
  return colon != pair.npos && is_known(pair.substr(colon + 1));
}

/// By digests, so that the time it takes says nothing of a token.
bool UploadTokens::is_known(std::string_view token) const {
  const Sha256 digest = sha256(token);
  bool known = false;
  for (const Sha256& one : digests_) known = known || one == digest;
  return known;
}

}  // namespace grange
