#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/thread_annotations.h"

namespace grange {

/// A small object of a cache as it is sent, or that there is none.
struct RememberedText {
  std::optional<std::string> text;
  std::string tag;
};

/// Remembers answers by key for as long as what they were made from has the same version; holds
/// about as many bytes as it is told. What was not asked for lately goes first. Thread safe.
class CacheMemory {
 public:
  explicit CacheMemory(std::size_t bytes) : half_(bytes / 2) {}

  /// Null: it has to be made.
  std::shared_ptr<const RememberedText> find(std::string_view key, std::uint64_t version)
      EXCLUDES(mutex_);
  /// The version that is remembered; for whoever learns the present one only where that is of use.
  std::optional<std::uint64_t> version_of(std::string_view key) EXCLUDES(mutex_);
  void put(std::string_view key, std::uint64_t version, std::shared_ptr<const RememberedText> text)
      EXCLUDES(mutex_);
  std::size_t size() const EXCLUDES(mutex_);

 private:
  struct Entry {
    std::uint64_t version;
    std::shared_ptr<const RememberedText> text;
  };
  struct KeyHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  /// Entries since some moment, and what they occupy.
  struct Generation {
    std::unordered_map<std::string, Entry, KeyHash, std::equal_to<>> entries;
    std::size_t bytes = 0;
  };

  void insert(std::string_view key, Entry entry) REQUIRES(mutex_);

  const std::size_t half_;
  mutable Mutex mutex_;
  Generation young_ GUARDED_BY(mutex_);
  /// Forgotten as a whole when `young_` is full and takes its place.
  Generation old_ GUARDED_BY(mutex_);
};

}  // namespace grange
