#include "wire/wire_reader.h"

#include <algorithm>

#include "archive/nar_format.h"

namespace grange {
namespace {

/// Grows with what has arrived, so that a claim alone costs nothing.
constexpr std::size_t kWirePiece = std::size_t{64} << 10;

}  // namespace

void WireReader::take(std::uint64_t size) {
  taken_ += size;
  if (taken_ > dialect_.limits.message) {
    throw CorruptError("a message has more than " + std::to_string(dialect_.limits.message) +
                       " bytes");
  }
}

std::uint64_t WireReader::number() {
  take(8);
  char bytes[8];
  source_.read_exactly(bytes, sizeof bytes);
  return read_nar_number(bytes);
}

std::uint64_t WireReader::bounded(std::uint64_t most, std::string_view what) {
  const auto value = number();
  if (value > most) {
    throw CorruptError(std::string(what) + " is " + std::to_string(value) +
                       ", which is too large; the most is " + std::to_string(most));
  }
  return value;
}

std::uint64_t WireReader::count() {
  return bounded(dialect_.limits.items, "the number of items");
}

std::string WireReader::string(std::uint64_t limit) {
  const auto size = bounded(limit, "the length of a string");
  take(size);
  std::string text;
  while (text.size() < size) {
    const auto begin = text.size();
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(size - begin, kWirePiece));
    text.resize(begin + piece);
    source_.read_exactly(text.data() + begin, piece);
  }
  char padding[8];
  const auto rest = nar_padding(size);
  if (rest > 0) source_.read_exactly(padding, rest);
  if (std::any_of(padding, padding + rest, [](char byte) { return byte != 0; })) {
    throw CorruptError("the padding of a string is not zero");
  }
  return text;
}

}  // namespace grange
