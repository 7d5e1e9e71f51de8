#include "evaluate/line_buffer.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "base/error.h"

namespace grange {

bool LineBuffer::read_from(int descriptor) {
  constexpr std::size_t kPiece = 64 << 10;
  const std::size_t before = buffer_.size();
  // Bounded, so that a process that writes without end does not hold up the others.
  for (int pieces = 0; pieces < 16; ++pieces) {
    const std::size_t size = buffer_.size();
    buffer_.resize(size + kPiece);
    const auto got = ::read(descriptor, buffer_.data() + size, kPiece);
    buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != EAGAIN) throw_errno("reading from an evaluator");
    if (got <= 0) break;
  }
  if (buffer_.size() - taken_ > kLongestLine &&
      buffer_.find('\n', std::max(taken_, scanned_)) == std::string::npos) {
    overflowed_ = true;
  }
  return buffer_.size() > before;
}

std::optional<std::string> LineBuffer::next() {
  const auto end = buffer_.find('\n', std::max(taken_, scanned_));
  if (end == std::string::npos) {
    buffer_.erase(0, taken_);
    taken_ = 0;
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  std::string line = buffer_.substr(taken_, end - taken_);
  taken_ = scanned_ = end + 1;
  return line;
}

}  // namespace grange
