#include "base/hash.h"

#include <algorithm>
#include <utility>

#include <openssl/evp.h>

#include "base/check.h"
#include "base/error.h"

namespace grange {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"md5", "sha1", "sha256", "sha512"};
constexpr std::array<std::size_t, 4> kSizes = {16, 20, 32, 64};

/// Fetching an algorithm costs more than hashing a small message; it is done once per process and
/// the result, which OpenSSL never changes, is shared.
const EVP_MD* message_digest(HashAlgorithm algorithm) {
  static const std::array<const EVP_MD*, 4> digests = [] {
    std::array<const EVP_MD*, 4> fetched{};
    for (std::size_t i = 0; i < fetched.size(); ++i) {
      fetched[i] = EVP_MD_fetch(nullptr, std::string(kNames[i]).c_str(), nullptr);
    }
    return fetched;
  }();
  const EVP_MD* digest = digests[static_cast<std::size_t>(algorithm)];
  if (digest == nullptr) {
    throw UnavailableError("the OpenSSL library offers no " + std::string(to_string(algorithm)));
  }
  return digest;
}

std::optional<Bytes> decode_by_length(std::string_view digits, std::size_t size) {
  if (digits.size() == 2 * size) return base16_decode(digits);
  if (digits.size() == nix32_length(size)) return nix32_decode(digits);
  return base64_decode(digits);
}

}  // namespace

std::string_view to_string(HashAlgorithm algorithm) noexcept {
  return kNames[static_cast<std::size_t>(algorithm)];
}

std::optional<HashAlgorithm> parse_hash_algorithm(std::string_view text) noexcept {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<HashAlgorithm>(found - kNames.begin());
}

std::size_t digest_size(HashAlgorithm algorithm) noexcept {
  return kSizes[static_cast<std::size_t>(algorithm)];
}

Hash::Hash(HashAlgorithm algorithm, ByteView bytes) : algorithm_(algorithm) {
  GRANGE_CHECK(bytes.size() == digest_size(algorithm));
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

Hash Hash::parse(std::string_view text, std::optional<HashAlgorithm> expected) {
  std::string_view digits = text;
  std::optional<HashAlgorithm> algorithm = expected;
  bool sri = false;
  auto separator = text.find(':');
  if (separator == std::string_view::npos) {
    separator = text.find('-');
    sri = separator != std::string_view::npos;
  }
  if (separator != std::string_view::npos) {
    const auto prefix = text.substr(0, separator);
    algorithm = parse_hash_algorithm(prefix);
    if (!algorithm) throw InvalidError("unknown hash algorithm '" + std::string(prefix) + "'");
    if (expected && *expected != *algorithm) {
      throw InvalidError("hash '" + std::string(text) + "' should be of algorithm '" +
                         std::string(grange::to_string(*expected)) + "'");
    }
    digits = text.substr(separator + 1);
  }
  if (!algorithm) {
    throw InvalidError("hash '" + std::string(text) + "' does not name its algorithm");
  }
  const std::size_t size = digest_size(*algorithm);
  const bool known_length = sri ? digits.size() == (size + 2) / 3 * 4
                                : digits.size() == 2 * size ||
                                      digits.size() == nix32_length(size) ||
                                      digits.size() == (size + 2) / 3 * 4;
  if (!known_length) {
    throw InvalidError("hash '" + std::string(text) + "' has the wrong length for " +
                       std::string(grange::to_string(*algorithm)));
  }
  const auto bytes = sri ? base64_decode(digits) : decode_by_length(digits, size);
  if (!bytes || bytes->size() != size) {
    throw InvalidError("hash '" + std::string(text) + "' has invalid digits");
  }
  return {*algorithm, *bytes};
}

std::string Hash::digits(HashFormat format) const {
  switch (format) {
    case HashFormat::base16:
      return base16_encode(bytes());
    case HashFormat::nix32:
      return nix32_encode(bytes());
    case HashFormat::base64:
      return base64_encode(bytes());
    case HashFormat::sri:
      return to_string(format);
  }
  GRANGE_CHECK(false);
}

std::string Hash::to_string(HashFormat format) const {
  std::string text(grange::to_string(algorithm_));
  if (format == HashFormat::sri) return text + "-" + base64_encode(bytes());
  return text + ":" + digits(format);
}

struct Hasher::State {
  explicit State(HashAlgorithm chosen) : algorithm(chosen), context(EVP_MD_CTX_new()) { start(); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void start() {
    GRANGE_CHECK(context && EVP_DigestInit_ex2(context, message_digest(algorithm), nullptr) == 1);
  }

  HashAlgorithm algorithm;
  EVP_MD_CTX* context;
};

Hasher::Hasher(HashAlgorithm algorithm) : state_(std::make_unique<State>(algorithm)) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

Hasher& Hasher::update(std::string_view data) {
  GRANGE_CHECK(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1);
  return *this;
}

Hash Hasher::finish() {
  std::array<std::uint8_t, 64> digest{};
  unsigned length = 0;
  GRANGE_CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &length) == 1);
  Hash result(state_->algorithm, ByteView(digest.data(), length));
  state_->start();
  return result;
}

Hash hash_bytes(HashAlgorithm algorithm, std::string_view data) {
  return Hasher(algorithm).update(data).finish();
}

Sha256 sha256(std::string_view data) {
  struct Context {
    EVP_MD_CTX* value = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(value); }
  };
  thread_local Context context;
  Sha256 digest{};
  GRANGE_CHECK(EVP_DigestInit_ex2(context.value, message_digest(HashAlgorithm::sha256), nullptr) ==
                   1 &&
               EVP_DigestUpdate(context.value, data.data(), data.size()) == 1 &&
               EVP_DigestFinal_ex(context.value, digest.data(), nullptr) == 1);
  return digest;
}

std::array<std::uint8_t, 20> fold_hash(ByteView digest) {
  std::array<std::uint8_t, 20> folded{};
  for (std::size_t i = 0; i < digest.size(); ++i) folded[i % 20] ^= digest[i];
  return folded;
}

}  // namespace grange
