#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "evaluate/flake_lock.h"

/// flake.lock, and flakes' URLs. What is taken can be fetched as an input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    parse_input(parse_flake_reference("flake", text).input);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  try {
    for (const auto& [key, node] : parse_flake_lock(text).nodes) {
      if (!node.source) continue;
      parse_input(node.source->input);
      if (!node.nar_hash) std::abort();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
