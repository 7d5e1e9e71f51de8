#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "build/builder.h"

namespace grange {

/// Takes a builder's output as it comes: keeps all of it for the log file (in memory while it is
/// small, in an unnamed file afterwards), the last lines for the error message, and tells the
/// observer. Lines "@nix {…}" are messages of the builder to us: they are kept, but the observer
/// hears what they mean instead. One thread.
class LogCapture {
 public:
  /// `directory`: where the unnamed file goes.
  LogCapture(BuildObserver& observer, std::filesystem::path directory);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  void write(std::string_view data);
  /// No more will come: an unfinished last line counts as a line.
  void finish();
  std::uint64_t size() const { return size_; }
  /// Everything written; call it once, last.
  std::string_view whole();
  /// The last lines, joined by newlines, as plain text and without messages.
  std::string tail() const;

  static constexpr std::size_t kTailLines = 25;

 private:
  void keep(std::string_view data);
  void take_line(std::string_view line);
  bool take_message(std::string_view line);
  void add_to_tail(std::string_view line);

  BuildObserver& observer_;
  std::filesystem::path directory_;
  std::uint64_t size_ = 0;
  std::string memory_;  ///< what is not in the file (yet)
  FileDescriptor file_;
  char* mapped_ = nullptr;
  std::string line_;   ///< the unfinished line, cut to a limit
  bool held_ = false;  ///< `line_` may become a message: the observer has not heard it yet
  std::deque<std::string> tail_;
};

}  // namespace grange
