#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "build/builder.h"

namespace grange {

/// Keeps what it hears. For tests.
class RecordingObserver final : public BuildObserver {
 public:
  void log(std::string_view data) override {
    const std::lock_guard lock(mutex_);
    log_ += data;
  }
  void phase(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    phases_.emplace_back(name);
  }

  std::string logged() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<std::string> phases() const {
    const std::lock_guard lock(mutex_);
    return phases_;
  }

 private:
  mutable std::mutex mutex_;
  std::string log_;
  std::vector<std::string> phases_;
};

/// Store paths with a digest of one repeated digit: path('a', "x") is "aaaa…-x".
inline StorePath repeated_path(char digit, std::string_view name) {
  return StorePath::parse(std::string(StorePath::kHashLength, digit) + "-" + std::string(name));
}

}  // namespace grange
