#include "serve/push_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "serve/session_cookie.h"

namespace grange {
namespace {

std::string without_ending(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  while (path.ends_with('/')) path.remove_suffix(1);
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path);
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

std::string key_of(std::string_view host, std::string_view path) {
  return ascii_lower(host) + "/" + without_ending(path);
}

}  // namespace

std::string push_signature(std::string_view secret, std::string_view body) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(body.data());
  if (::HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, body.size(),
             digest.data(), &size) == nullptr) {
    throw UnavailableError("the HMAC of a signature could not be computed");
  }
  return base16_encode(ByteView(digest).first(size));
}

bool is_signed_push(std::string_view forge, const ServerRequest& request, std::string_view body,
                    std::span<const WebhookSecret> secrets) {
  constexpr std::string_view kPrefix = "sha256=";
  const bool is_github = forge == "github";
  auto given = request.headers.get(is_github ? "X-Hub-Signature-256" : "X-Gitea-Signature");
  if (is_github) {
    if (!given.starts_with(kPrefix)) return false;
    given.remove_prefix(kPrefix.size());
  }
  const auto signature = ascii_lower(given);
  bool is_signed = false;
  for (const auto& secret : secrets) {
    // An empty one would be everybody's.
    if (secret.forge != forge || secret.secret.empty()) continue;
    if (equal_secrets(push_signature(secret.secret, body), signature)) is_signed = true;
  }
  return is_signed;
}

std::optional<std::string> repository_key(std::string_view uri) {
  uri = trim(uri);
  if (uri.starts_with("/")) return "file:/" + without_ending(uri);
  const auto scheme = uri.find("://");
  if (scheme == uri.npos) {
    // As ssh has it: [USER@]HOST:PATH.
    const auto colon = uri.find(':');
    if (colon == uri.npos || colon == 0) return std::nullopt;
    auto host = uri.substr(0, colon);
    if (const auto at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
    if (host.empty() || host.find('/') != host.npos) return std::nullopt;
    return key_of(host, uri.substr(colon + 1));
  }
  auto rest = uri.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  if (ascii_lower(uri.substr(0, scheme)) == "file") return "file:/" + without_ending(rest);
  const auto slash = rest.find('/');
  if (slash == rest.npos) return std::nullopt;
  auto host = rest.substr(0, slash);
  if (const auto at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  // The port goes, but not what is within the brackets of an address.
  if (const auto colon = host.rfind(':'); colon != host.npos && !host.ends_with(']')) {
    host = host.substr(0, colon);
  }
  if (host.empty()) return std::nullopt;
  return key_of(host, rest.substr(slash));
}

}  // namespace grange
