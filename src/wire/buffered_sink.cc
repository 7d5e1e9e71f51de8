#include "wire/buffered_sink.h"

namespace grange {
namespace {

constexpr std::size_t kBufferedBytes = std::size_t{32} << 10;

}  // namespace

void BufferedSink::write(std::string_view data) {
  if (buffer_.size() + data.size() > kBufferedBytes) flush();
  if (data.size() > kBufferedBytes) {
    to_.write(data);
  } else {
    buffer_.append(data);
  }
}

void BufferedSink::flush() {
  if (buffer_.empty()) return;
  to_.write(buffer_);
  buffer_.clear();
}

}  // namespace grange
