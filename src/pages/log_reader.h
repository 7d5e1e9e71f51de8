#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"

namespace grange {

/// Which part of a log a page shows.
struct LogPart {
  std::size_t from = 0;       ///< a line, from 1 on; 0: around the failing line, else the end
  std::size_t most = 5000;    ///< lines
  bool find_failing = false;  ///< look for the line that says why it failed
  bool whole_lines = false;   ///< it is being written: what has no end yet is left out
  std::string search;         ///< lines that have this are counted, whatever its case
};

/// A line of a log with its number, from 1 on.
struct NumberedLine {
  std::size_t number = 0;
  std::string text;
};

/// Takes a log in pieces, and keeps no more of it than a page shows.
class LogReader final : public Sink {
 public:
  static constexpr std::size_t kMostHits = 500;

  explicit LogReader(LogPart part);
  void write(std::string_view data) override;
  /// Once all was written.
  void finish();

  /// What is shown, in order.
  const std::deque<NumberedLine>& lines() const;
  std::size_t count() const { return count_; }
  /// Of bytes up to the end of the last line that counts.
  std::uint64_t size() const { return size_; }
  /// The line that most likely says why; nothing where none looks like one, or none was asked for.
  std::optional<std::size_t> failing() const { return failing_; }
  /// The first lines that have what is searched for, and how many have it.
  const std::vector<NumberedLine>& hits() const { return hits_; }
  std::size_t hit_count() const { return hit_count_; }

 private:
  void take(std::string_view line);
  void look_for_failure(std::string_view line);

  const LogPart part_;
  std::string rest_;  ///< of a line whose end has not come yet
  std::size_t rest_size_ = 0;
  std::size_t count_ = 0;
  std::uint64_t size_ = 0;
  std::deque<NumberedLine> asked_;   ///< from `from` on
  std::deque<NumberedLine> last_;    ///< the end
  std::deque<NumberedLine> around_;  ///< the failing line
  std::optional<std::size_t> failing_;
  std::size_t last_error_ = 0;
  std::vector<NumberedLine> hits_;
  std::size_t hit_count_ = 0;
};

}  // namespace grange
