#include "wire/buffered_source.h"

#include <algorithm>
#include <cstring>

namespace grange {
namespace {

constexpr std::size_t kReadAhead = std::size_t{64} << 10;

}  // namespace

std::size_t BufferedSource::read(char* buffer, std::size_t size) {
  if (next_ == end_) {
    if (size >= kReadAhead) return from_.read(buffer, size);
    if (at_end()) return 0;
  }
  const auto count = std::min(size, end_ - next_);
  std::memcpy(buffer, buffer_.data() + next_, count);
  next_ += count;
  return count;
}

bool BufferedSource::at_end() {
  if (next_ < end_) return false;
  buffer_.resize(kReadAhead);
  next_ = 0;
  end_ = from_.read(buffer_.data(), buffer_.size());
  return end_ == 0;
}

}  // namespace grange
