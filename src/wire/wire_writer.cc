#include "wire/wire_writer.h"

#include "archive/nar_format.h"

namespace grange {

WireWriter& WireWriter::number(std::uint64_t value) {
  std::string bytes;
  append_nar_number(bytes, value);
  sink_.write(bytes);
  return *this;
}

WireWriter& WireWriter::string(std::string_view text) {
  number(text.size());
  sink_.write(text);
  constexpr std::string_view kZeros("\0\0\0\0\0\0\0", 7);
  sink_.write(kZeros.substr(0, nar_padding(text.size())));
  return *this;
}

}  // namespace grange
