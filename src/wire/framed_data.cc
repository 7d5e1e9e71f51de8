#include "wire/framed_data.h"

#include <algorithm>

#include "archive/nar_format.h"
#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kFramedPiece = std::size_t{32} << 10;

}  // namespace

std::size_t FramedSource::read(char* buffer, std::size_t size) {
  if (ended_) return 0;
  if (left_ == 0) {
    char bytes[8];
    from_.read_exactly(bytes, sizeof bytes);
    left_ = read_nar_number(bytes);
    ended_ = left_ == 0;
    if (ended_) return 0;
  }
  const auto count =
      from_.read(buffer, static_cast<std::size_t>(std::min<std::uint64_t>(size, left_)));
  if (count == 0) {
    throw CorruptError("the input ends " + std::to_string(left_) + " bytes before its frame");
  }
  left_ -= count;
  return count;
}

void FramedSource::finish(std::uint64_t limit) {
  char buffer[8192];
  std::uint64_t passed = 0;
  while (const auto count = read(buffer, sizeof buffer)) {
    passed += count;
    if (passed > limit) {
      throw CorruptError("more than " + std::to_string(limit) + " bytes of framed data are left");
    }
  }
}

void FramedSink::write_piece(std::string_view piece) {
  if (piece.empty()) return;
  std::string length;
  append_nar_number(length, piece.size());
  to_.write(length);
  to_.write(piece);
}

void FramedSink::write(std::string_view data) {
  if (buffer_.size() + data.size() > kFramedPiece) {
    write_piece(buffer_);
    buffer_.clear();
  }
  if (data.size() > kFramedPiece) {
    write_piece(data);
  } else {
    buffer_.append(data);
  }
}

void FramedSink::finish() {
  write_piece(buffer_);
  buffer_.clear();
  std::string end;
  append_nar_number(end, 0);
  to_.write(end);
}

}  // namespace grange
