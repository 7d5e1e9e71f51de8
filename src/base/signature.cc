#include "base/signature.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <sodium.h>

#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

static_assert(crypto_sign_PUBLICKEYBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64 &&
              crypto_sign_BYTES == 64);

/// Fine to call as often as one likes, from any thread.
void start_sodium() {
  GRANGE_CHECK(sodium_init() >= 0);
}

bool is_key_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != ':';
  });
}

template <std::size_t size>
struct NamedBytes {
  std::string name;
  std::array<std::uint8_t, size> bytes;
};

template <std::size_t size>
std::optional<NamedBytes<size>> parse_named(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || !is_key_name(text.substr(0, colon))) return std::nullopt;
  const auto decoded = base64_decode(text.substr(colon + 1));
  if (!decoded || decoded->size() != size) return std::nullopt;
  NamedBytes<size> named{std::string(text.substr(0, colon)), {}};
  std::copy(decoded->begin(), decoded->end(), named.bytes.begin());
  return named;
}

template <std::size_t size>
std::string print_named(const std::string& name, const std::array<std::uint8_t, size>& bytes) {
  return name + ":" + base64_encode(bytes);
}

std::optional<Signature> try_parse_signature(std::string_view text) {
  auto named = parse_named<64>(text);
  if (!named) return std::nullopt;
  return Signature{std::move(named->name), named->bytes};
}

}  // namespace

Signature Signature::parse(std::string_view text) {
  auto signature = try_parse_signature(text);
  if (!signature) {
    throw InvalidError("'" + printable(text) +
                       "' is no signature: specified NAME:BASE64 of 64 bytes");
  }
  return std::move(*signature);
}

std::string Signature::to_string() const {
  return print_named(key_name, bytes);
}

PublicKey PublicKey::parse(std::string_view text) {
  auto named = parse_named<32>(text);
  if (!named) {
    throw InvalidError("'" + printable(text) +
                       "' is no public key: specified NAME:BASE64 of 32 bytes");
  }
  return {std::move(named->name), named->bytes};
}

std::string PublicKey::to_string() const {
  return print_named(name_, bytes_);
}

bool PublicKey::verify(std::string_view message, const Signature& signature) const {
  const auto text = as_bytes(message);
  return crypto_sign_verify_detached(signature.bytes.data(), text.data(), text.size(),
                                     bytes_.data()) == 0;
}

SecretKey SecretKey::generate(std::string_view name) {
  if (!is_key_name(name)) {
    throw InvalidError("'" + printable(name) +
                       "' cannot name a key: it is empty, or holds ':' or white space");
  }
  start_sodium();
  std::array<std::uint8_t, 32> public_bytes;
  std::array<std::uint8_t, 64> secret_bytes;
  GRANGE_CHECK(crypto_sign_keypair(public_bytes.data(), secret_bytes.data()) == 0);
  return {std::string(name), secret_bytes};
}

SecretKey SecretKey::parse(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  const auto end = text.find_last_not_of(kSpace);
  auto named =
      begin == text.npos ? std::nullopt : parse_named<64>(text.substr(begin, end - begin + 1));
  if (!named) {
    throw InvalidError("the text is no secret key: specified NAME:BASE64 of 64 bytes");
  }
  return {std::move(named->name), named->bytes};
}

std::string SecretKey::to_string() const {
  return print_named(name_, bytes_);
}

PublicKey SecretKey::public_key() const {
  std::array<std::uint8_t, 32> bytes;
  GRANGE_CHECK(crypto_sign_ed25519_sk_to_pk(bytes.data(), bytes_.data()) == 0);
  return {name_, bytes};
}

std::string SecretKey::sign(std::string_view message) const {
  Signature signature{name_, {}};
  const auto text = as_bytes(message);
  GRANGE_CHECK(crypto_sign_detached(signature.bytes.data(), nullptr, text.data(), text.size(),
                                    bytes_.data()) == 0);
  return signature.to_string();
}

SecretKey read_secret_key(const std::filesystem::path& file) {
  constexpr std::uint64_t kLargestKeyFile = std::uint64_t{64} << 10;
  return with_context([&] { return "while reading the secret key in '" + file.string() + "'"; },
                      [&] { return SecretKey::parse(read_file(file, kLargestKeyFile)); });
}

void TrustedKeys::add(PublicKey key) {
  auto name = key.name();
  keys_.emplace(std::move(name), std::move(key));
}

bool TrustedKeys::accepts(std::string_view message, const std::set<std::string>& signatures) const {
  for (const auto& text : signatures) {
    const auto signature = try_parse_signature(text);
    if (!signature) continue;
    const auto [begin, end] = keys_.equal_range(signature->key_name);
    if (std::any_of(begin, end,
                    [&](const auto& key) { return key.second.verify(message, *signature); })) {
      return true;
    }
  }
  return false;
}

}  // namespace grange
