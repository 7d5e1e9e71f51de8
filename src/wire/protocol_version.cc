#include "wire/protocol_version.h"

#include "base/error.h"

namespace grange {

ProtocolVersion ProtocolVersion::from_number(std::uint64_t number) {
  if (number > 0xffff) {
    throw CorruptError("protocol version " + std::to_string(number) + " is none");
  }
  return {static_cast<unsigned>(number >> 8), static_cast<unsigned>(number & 0xff)};
}

std::string ProtocolVersion::to_string() const {
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace grange
