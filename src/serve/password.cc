#include "serve/password.h"

#include <array>
#include <mutex>

#include <fmt/core.h>
#include <sodium.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace grange {

/// One computation's turn.
class Passwords::Turn {
 public:
  explicit Turn(Passwords& passwords) : passwords_(passwords) {
    std::unique_lock lock(passwords_.mutex_);
    begin(lock);
  }
  ~Turn() {
    {
      const MutexLock lock(passwords_.mutex_);
      --passwords_.computing_;
    }
    passwords_.changed_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  void begin(std::unique_lock<Mutex>& lock) REQUIRES(passwords_.mutex_) {
    const auto& options = passwords_.options_;
    if (passwords_.computing_ >= options.at_once) {
      if (passwords_.waiting_ >= options.waiting) throw busy();
      ++passwords_.waiting_;
      const auto deadline = std::chrono::steady_clock::now() + options.patience;
      auto state = std::cv_status::no_timeout;
      while (passwords_.computing_ >= options.at_once && state == std::cv_status::no_timeout) {
        state = passwords_.changed_.wait_until(lock, deadline);
      }
      --passwords_.waiting_;
      if (passwords_.computing_ >= options.at_once) throw busy();
    }
    ++passwords_.computing_;
  }
  static UnavailableError busy() {
    return UnavailableError("too many passwords are being checked at present");
  }

  Passwords& passwords_;
};

Passwords::Passwords(PasswordOptions options) : options_(options) {
  GRANGE_CHECK(sodium_init() >= 0);
  if (options_.at_once == 0 || options_.passes < crypto_pwhash_OPSLIMIT_MIN ||
      options_.memory < crypto_pwhash_MEMLIMIT_MIN) {
    throw InvalidError("passwords cannot be hashed at so little a cost");
  }
  nobodys_ = compute("nobody has this password");
}

std::optional<std::string> Passwords::problem_with(std::string_view password) {
  if (password.size() < kShortest) {
    return fmt::format("specified at least {} bytes, got {}", kShortest, password.size());
  }
  if (password.size() > kLongest) {
    return fmt::format("specified at most {} bytes, got {}", kLongest, password.size());
  }
  if (!is_utf8(password)) return "specified UTF-8, got other bytes";
  return std::nullopt;
}

std::string Passwords::hash(std::string_view password) {
  if (const auto problem = problem_with(password)) {
    throw InvalidError("this cannot be a password: " + *problem);
  }
  return compute(password);
}

std::string Passwords::compute(std::string_view password) {
  const Turn turn(*this);
  std::array<char, crypto_pwhash_STRBYTES> text{};
  // It fails only where the memory cannot be had.
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), options_.passes,
                            options_.memory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw UnavailableError("there is not enough memory to hash a password");
  }
  return text.data();
}

bool Passwords::verify(const std::optional<std::string>& hash, std::string_view password) {
  // Nobody has such a password, and whoever sends one learns nothing.
  if (password.size() > kLongest) return false;
  const std::string& against = hash ? *hash : nobodys_;
  if (against.size() >= crypto_pwhash_STRBYTES) return false;
  const Turn turn(*this);
  const bool is_right =
      crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
  return is_right && hash.has_value();
}

bool Passwords::needs_rehash(const std::string& hash) const {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), options_.passes, options_.memory) != 0;
}

}  // namespace grange
