#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/thread_annotations.h"

namespace grange {

/// What one hash costs, and how many may be computed at once.
struct PasswordOptions {
  std::uint64_t passes = 3;                    ///< over the memory
  std::size_t memory = std::size_t{64} << 20;  ///< bytes, of each computation
  unsigned at_once = 2;
  unsigned waiting = 16;  ///< beyond, UnavailableError
  std::chrono::milliseconds patience{10'000};
};

/// Argon2id hashes of passwords, as libsodium prints them. Thread safe: sign-ins beyond `at_once`
/// wait for each other, so that they can't take all memory.
///
/// Every call that computes may throw UnavailableError: too many do.
class Passwords {
 public:
  /// In bytes; longer or shorter ones are refused.
  static constexpr std::size_t kShortest = 8;
  static constexpr std::size_t kLongest = 1024;

  explicit Passwords(PasswordOptions options = {});

  /// Why it cannot be a password; nothing: it can.
  static std::optional<std::string> problem_with(std::string_view password);

  /// Throws InvalidError when it cannot be a password.
  std::string hash(std::string_view password);
  /// Is it the password of this hash? Where there is no hash it takes the same time to say no, so
  /// that nobody learns which accounts there are.
  bool verify(const std::optional<std::string>& hash, std::string_view password);
  /// Was it made at another cost than is asked for now?
  bool needs_rehash(const std::string& hash) const;

 private:
  class Turn;
  std::string compute(std::string_view password);

  const PasswordOptions options_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  unsigned computing_ GUARDED_BY(mutex_) = 0;
  unsigned waiting_ GUARDED_BY(mutex_) = 0;
  std::string nobodys_;
};

}  // namespace grange
