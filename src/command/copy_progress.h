#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "command/progress.h"
#include "store/copy.h"

namespace grange {

/// Shows on stderr how a copy goes: on a terminal one line that is redrawn, with bytes, rate and
/// time left; otherwise a line per path.
class CopyProgress final : public CopyObserver {
 public:
  CopyProgress(const Clock& clock, ProgressStyle style, const StoreDir& store)
      : clock_(clock), style_(style), store_(store) {}
  ~CopyProgress() override { close(); }
  CopyProgress(const CopyProgress&) = delete;
  CopyProgress& operator=(const CopyProgress&) = delete;

  void planned(std::size_t paths, std::uint64_t bytes) override;
  void moved(std::uint64_t bytes) override;
  void copied(const PathInfo& info) override;

  /// Takes the line off the screen.
  void close();

 private:
  void draw();

  const Clock& clock_;
  ProgressStyle style_;
  const StoreDir& store_;
  MonotonicTime begin_{};
  MonotonicTime drawn_{};
  std::size_t paths_ = 0, done_ = 0;
  std::uint64_t bytes_ = 0, moved_ = 0;
  bool shown_ = false;
};

/// "3/40 paths, 12 MB of 250 MB, 31 MB/s, 8 s left": after `seconds` of work.
std::string copy_status(std::size_t done, std::size_t paths, std::uint64_t moved,
                        std::uint64_t bytes, double seconds);

}  // namespace grange
