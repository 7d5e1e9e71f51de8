#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "record/derivation_text.h"

/// Whatever a database says is expanded or refused; whatever is abbreviated comes back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> names = {"0c3jg7mbzp0n4szy3b4spcmkpzcymnlk-hello-2.10",
                                          "1v8h6sw1jdlhi2k1n1lmrgkbgvfylmzj-hello-2.10.drv"};
  try {
    grange::expand_derivation(input, names, 1 << 20);
  } catch (const grange::CorruptError&) {
  }
  try {
    grange::unpack_output_names(input, "hello");
  } catch (const grange::CorruptError&) {
  }
  if (grange::expand_derivation(grange::abbreviate_derivation(input, names), names, 1 << 20) !=
      input) {
    std::abort();
  }
  return 0;
}
