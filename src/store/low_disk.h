#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/thread_annotations.h"
#include "store/garbage_collection.h"

namespace grange {

/// When to make space, in bytes.
struct LowDiskOptions {
  std::uint64_t min_free = 0;                  ///< below this a collection starts; 0: never
  std::uint64_t max_free = ~std::uint64_t{0};  ///< it stops when so much is free
  std::chrono::milliseconds interval{1000};    ///< between two looks
  CollectionOptions collection;
};

/// Watches the disk of a store while something is built and collects garbage in the background when
/// it runs low. Nothing that is being built fails because of it: what goes wrong is only told.
class LowDiskCollector {
 public:
  /// The seams, for tests; empty ones are the real thing.
  struct Seams {
    std::function<std::uint64_t()> available;  ///< bytes
    std::function<CollectionResult(const CollectionOptions&, const std::stop_token&)> collect;
  };
  /// Hears, from the watching thread, of each collection: how much was freed, or what went wrong.
  using Tell = std::function<void(const std::string&)>;

  LowDiskCollector(LocalStore& store, LowDiskOptions options, Tell tell, Seams seams = {});
  /// Stops a collection that is running.
  ~LowDiskCollector();
  LowDiskCollector(const LowDiskCollector&) = delete;
  LowDiskCollector& operator=(const LowDiskCollector&) = delete;

 private:
  void watch(const std::stop_token& stop);
  void look(const std::stop_token& stop);

  const LowDiskOptions options_;
  Tell tell_;
  Seams seams_;
  /// What was free after the last collection: another one helps only when there is less by now.
  std::uint64_t free_after_last_ = ~std::uint64_t{0};
  Mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;  ///< last: it uses the others
};

}  // namespace grange
