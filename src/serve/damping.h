#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/thread_annotations.h"

namespace grange {

struct DampingOptions {
  unsigned free = 5;              ///< so many failures cost nothing
  std::chrono::seconds first{1};  ///< after the next one; each further one doubles it
  std::chrono::seconds longest{60};
  std::chrono::seconds forgotten{3600};  ///< after the last failure
  std::size_t most = 10'000;             ///< beyond, those that failed longest ago are forgotten
};

/// How often tries failed, by key, and how long the next one has to wait. Not thread safe; time is
/// an argument.
class Damping {
 public:
  explicit Damping(DampingOptions options = {}) : options_(options) {}

  /// How long a try has to wait still; zero: not at all.
  std::chrono::seconds delay(std::string_view key, MonotonicTime now) const;
  void failed(std::string_view key, MonotonicTime now);
  /// As if it had never failed.
  void clear(std::string_view key);
  /// As if it had failed once less, and the wait were over.
  void take_back(std::string_view key);
  std::size_t size() const { return by_key_.size(); }

 private:
  struct Failures {
    std::string key;
    unsigned count = 0;
    MonotonicTime last{};
    MonotonicTime free_at{};
  };
  using Position = std::list<Failures>::iterator;
  void erase(Position position);

  DampingOptions options_;
  std::list<Failures> by_time_;  ///< the oldest failure first
  std::map<std::string, Position, std::less<>> by_key_;
};

/// Against guessing secrets: by the name of the account that is tried, and by the address of who
/// tries. A try counts as a failure from its beginning, so that many at once gain nothing. Thread
/// safe.
class SignInDamping {
 public:
  SignInDamping() = default;
  SignInDamping(DampingOptions names, DampingOptions addresses)
      : names_(names), addresses_(addresses) {}

  /// Begins a try. Instead, how long it has to wait, which then is no try.
  std::optional<std::chrono::seconds> begin(std::string_view name, std::string_view address,
                                            MonotonicTime now);
  /// It was right: the name is clear. Of the address only this try is taken back, so that who has
  /// an account gains no tries at others.
  void succeeded(std::string_view name, std::string_view address);
  /// It came to no answer.
  void withdraw(std::string_view name, std::string_view address);

 private:
  Mutex mutex_;
  Damping names_ GUARDED_BY(mutex_){DampingOptions{}};
  /// Several people may have one address.
  Damping addresses_ GUARDED_BY(mutex_){
      DampingOptions{.free = 20, .longest = std::chrono::seconds(900)}};
};

/// What of a client's address tries are counted by: "127.0.0.1" of "127.0.0.1:4711"; of IPv6 the
/// first 64 bits, which one client may have for itself.
std::string damping_address(std::string_view remote);

}  // namespace grange
