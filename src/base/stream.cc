#include "base/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <unistd.h>

#include "base/error.h"

namespace grange {

void Source::read_exactly(char* buffer, std::size_t size) {
  while (size > 0) {
    const std::size_t count = read(buffer, size);
    if (count == 0) {
      throw CorruptError("the input ends " + std::to_string(size) + " bytes too early");
    }
    buffer += count;
    size -= count;
  }
}

void HashSink::write(std::string_view data) {
  hasher_.update(data);
  size_ += data.size();
  if (next_ != nullptr) next_->write(data);
}

std::size_t StringSource::read(char* buffer, std::size_t size) {
  const std::size_t count = std::min(size, rest_.size());
  if (count == 0) return 0;  // an empty text may be nowhere, and memcpy takes no null
  std::memcpy(buffer, rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

std::size_t TeeSource::read(char* buffer, std::size_t size) {
  const std::size_t count = from_.read(buffer, size);
  if (count > 0) sink_.write({buffer, count});
  return count;
}

void FdSink::write(std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd_, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("writing");
    }
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t FdSource::read(char* buffer, std::size_t size) {
  for (;;) {
    const ssize_t count = ::read(fd_, buffer, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_errno("reading");
  }
}

std::uint64_t drain(Source& source, Sink& sink) {
  std::vector<char> buffer(std::size_t{64} << 10);
  std::uint64_t total = 0;
  while (const std::size_t count = source.read(buffer.data(), buffer.size())) {
    sink.write({buffer.data(), count});
    total += count;
  }
  return total;
}

std::string read_all(Source& source, std::uint64_t limit, std::uint64_t expected) {
  std::string text;
  text.reserve(static_cast<std::size_t>(std::min(expected, limit)));
  std::vector<char> buffer(std::size_t{64} << 10);
  while (const std::size_t count = source.read(buffer.data(), buffer.size())) {
    if (text.size() + count > limit) {
      throw CorruptError("the input is larger than " + std::to_string(limit) + " bytes");
    }
    text.append(buffer.data(), count);
  }
  return text;
}

}  // namespace grange
