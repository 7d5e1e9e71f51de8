#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/stream.h"
#include "base/thread_annotations.h"

namespace grange {

/// The logs of steps, one file each, so that building again overwrites none: plain while a step
/// runs, compressed afterwards. Thread safe.
class StepLogs {
 public:
  /// Below `directory`, which is made.
  explicit StepLogs(std::filesystem::path directory);

  /// A step has begun. What is written before is dropped.
  void begin(std::int64_t step) EXCLUDES(mutex_);
  void append(std::int64_t step, std::string_view data) EXCLUDES(mutex_);
  /// It is complete; kept compressed.
  void end(std::int64_t step) EXCLUDES(mutex_);
  /// At the start: compresses what a killed server left plain.
  void finish_leftovers();

  /// Its text from `offset` on, at most `most` bytes. Nothing when there is none.
  std::optional<std::string> read(std::int64_t step, std::uint64_t offset, std::uint64_t most)
      EXCLUDES(mutex_);
  /// All of its text by now goes to `sink`, piece by piece, and is held nowhere as a whole. False
  /// when there is none.
  bool read_through(std::int64_t step, Sink& sink) EXCLUDES(mutex_);
  /// How long it is by now; nothing when there is none.
  std::optional<std::uint64_t> size(std::int64_t step) EXCLUDES(mutex_);
  bool is_live(std::int64_t step) const EXCLUDES(mutex_);
  /// Waits until it is longer than `size` or ended; false at the deadline or when stopped.
  bool wait_for_more(std::int64_t step, std::uint64_t size, MonotonicTime deadline,
                     const std::stop_token& stop) EXCLUDES(mutex_);

 private:
  struct Live {
    FileDescriptor file;
    std::uint64_t size = 0;
  };
  std::filesystem::path plain(std::int64_t step) const;
  std::filesystem::path packed(std::int64_t step) const;
  void pack(std::int64_t step) const;

  const std::filesystem::path directory_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::int64_t, std::shared_ptr<Live>> live_ GUARDED_BY(mutex_);
};

}  // namespace grange
