#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "farm/ci.h"

namespace grange {

/// How progress is shown.
struct ProgressStyle {
  bool terminal = false;  ///< a live tree; otherwise a plain line per event
  bool colour = false;
  /// From what stderr is, NO_COLOR and TERM.
  static ProgressStyle of_stderr();
};

/// Shows a run on stderr while it goes: on a terminal a live tree of what is being made with
/// elapsed and expected times, otherwise plain lines. Thread safe; its own thread redraws the tree.
class Progress final : public CiObserver {
 public:
  Progress(const Clock& clock, ProgressStyle style);
  ~Progress() override;

  void evaluated(std::uint64_t targets, std::uint64_t errors) override;
  void evaluation_error(const std::string& label, const std::string& error) override;
  void compared(const Comparison& comparison, std::size_t to_make) override;
  void attempt_started(const StorePath& derivation, std::optional<double> expected) override;
  void attempt_finished(const StorePath& derivation, const BuildResult& result) override;
  void log(const StorePath& derivation, std::string_view data) override;
  void phase(const StorePath& derivation, std::string_view name) override;
  void progress(const Plan::Counts& counts) override;

  /// Takes the live tree off the screen, for what is printed next.
  void close();

 private:
  struct Running {
    std::string name;
    MonotonicTime since;
    std::optional<double> expected;
    std::string phase;
  };

  void redraw(const std::stop_token& stop);
  void draw() REQUIRES(mutex_);
  void erase() REQUIRES(mutex_);
  void say(std::string_view colour, const std::string& line) REQUIRES(mutex_);
  std::string status_line() const REQUIRES(mutex_);

  const Clock& clock_;
  const ProgressStyle style_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::map<StorePath, Running> running_ GUARDED_BY(mutex_);
  std::uint64_t targets_ GUARDED_BY(mutex_) = 0;
  std::uint64_t errors_ GUARDED_BY(mutex_) = 0;
  bool building_ GUARDED_BY(mutex_) = false;
  Plan::Counts counts_ GUARDED_BY(mutex_);
  std::size_t drawn_lines_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;  ///< last: it uses everything above
};

}  // namespace grange
