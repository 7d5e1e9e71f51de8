#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace grange {

/// An Ed25519 signature with the name of the key that made it, "NAME:BASE64" (nix-store.md §7.2).
struct Signature {
  std::string key_name;
  std::array<std::uint8_t, 64> bytes;

  /// Throws InvalidError.
  static Signature parse(std::string_view text);
  std::string to_string() const;
};

/// Who may be believed: a name and the key that verifies what was signed under it.
class PublicKey {
 public:
  /// "NAME:BASE64" of 32 bytes. Throws InvalidError.
  static PublicKey parse(std::string_view text);
  PublicKey(std::string name, const std::array<std::uint8_t, 32>& bytes)
      : name_(std::move(name)), bytes_(bytes) {}

  const std::string& name() const noexcept { return name_; }
  std::string to_string() const;
  /// Of the signature only its bytes count; whoever asks has compared the names.
  bool verify(std::string_view message, const Signature& signature) const;

 private:
  std::string name_;
  std::array<std::uint8_t, 32> bytes_;
};

/// Makes signatures. Its text is a secret: never part of an error or a log.
class SecretKey {
 public:
  /// A new pair. Throws InvalidError for a name that is empty or holds ':' or white space.
  static SecretKey generate(std::string_view name);
  /// "NAME:BASE64" of 64 bytes, as Nix's key files hold it, white space around it ignored. Throws
  /// InvalidError, which does not show it.
  static SecretKey parse(std::string_view text);

  const std::string& name() const noexcept { return name_; }
  std::string to_string() const;
  PublicKey public_key() const;
  /// "NAME:BASE64". Equal messages give equal signatures.
  std::string sign(std::string_view message) const;

 private:
  SecretKey(std::string name, const std::array<std::uint8_t, 64>& bytes)
      : name_(std::move(name)), bytes_(bytes) {}

  std::string name_;
  std::array<std::uint8_t, 64> bytes_;
};

/// The secret key in a file. Throws as reading one does, naming the file.
SecretKey read_secret_key(const std::filesystem::path& file);

/// The keys that are trusted, by name. Of two keys of one name either may verify.
class TrustedKeys {
 public:
  TrustedKeys() = default;
  void add(PublicKey key);
  bool empty() const noexcept { return keys_.empty(); }
  /// Is one of the signatures good under a trusted key? Malformed ones are not.
  bool accepts(std::string_view message, const std::set<std::string>& signatures) const;

 private:
  std::multimap<std::string, PublicKey> keys_;
};

}  // namespace grange
