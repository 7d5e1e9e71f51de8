#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "derivation/target_map_text.h"

/// A map, and behind the first NUL byte its metadata where there is one. What is read must print to
/// a text that reads back to the same text, whole or label by label.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto nul = input.find('\0');
  try {
    const TargetMap map = nul == std::string_view::npos
                              ? parse_target_map(input)
                              : parse_target_map(input.substr(0, nul), input.substr(nul + 1));
    const auto text = print_target_map(map);
    const auto again = print_target_map(parse_target_map(text.map, text.metadata));
    if (again.map != text.map || again.metadata != text.metadata) std::abort();
    // One label read for itself is the one of the whole map.
    if (map.targets.empty()) return 0;
    const auto& [label, target] = *map.targets.begin();
    const auto one = parse_target_map(text.map, text.metadata, label);
    if (one.targets.size() != 1 || one.targets.at(label).derivation != target.derivation) {
      std::abort();
    }
    parse_target_map(input.substr(0, nul), std::nullopt, label);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::corrupt) std::abort();
  }
  return 0;
}
