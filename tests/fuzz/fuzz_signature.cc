#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/signature.h"

/// Keys and signatures: what is read must print to a text that reads back to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 3) {
      case 0: {
        const auto printed = Signature::parse(text).to_string();
        if (Signature::parse(printed).to_string() != printed) std::abort();
        break;
      }
      case 1: {
        const auto key = PublicKey::parse(text);
        if (PublicKey::parse(key.to_string()).to_string() != key.to_string()) std::abort();
        break;
      }
      default: {
        const auto key = SecretKey::parse(text);
        if (SecretKey::parse(key.to_string()).sign("message") != key.sign("message")) std::abort();
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
