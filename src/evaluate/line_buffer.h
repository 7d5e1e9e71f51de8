#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace grange {

/// Cuts what a descriptor without blocking gives into lines of bounded length.
class LineBuffer {
 public:
  static constexpr std::size_t kLongestLine = std::size_t{64} << 20;

  /// Takes in some of what there is to read; false when there was nothing. Throws SystemError.
  bool read_from(int descriptor);
  /// The next whole line, without its line feed.
  std::optional<std::string> next();
  /// A longer line was begun. There is no way on from here.
  bool overflowed() const { return overflowed_; }

 private:
  std::string buffer_;
  std::size_t taken_ = 0;    ///< of buffer_: handed out
  std::size_t scanned_ = 0;  ///< of buffer_: known to hold no further line feed
  bool overflowed_ = false;
};

}  // namespace grange
