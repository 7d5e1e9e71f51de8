#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "build/machines.h"

/// Lists of machines: parsed or refused, and what is parsed can be worked with. Files are not
/// named.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at + 1)) {
    const auto before = text.substr(0, at).find_last_not_of(" \t\r");
    if (before == text.npos || text[before] == ';' || text[before] == '\n') return 0;
  }
  try {
    for (const auto& machine : grange::parse_machines(text, "x86_64-linux")) {
      if (machine.jobs == 0 || !(machine.speed > 0)) __builtin_trap();
      for (const auto& feature : machine.mandatory) {
        if (!machine.features.contains(feature)) __builtin_trap();
      }
    }
  } catch (const grange::InvalidError&) {
  } catch (const grange::NotFoundError&) {
  } catch (const grange::SystemError&) {
  }
  return 0;
}
