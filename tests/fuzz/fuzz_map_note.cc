#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "farm/map_note.h"

/// A line, and behind the first line feed a note. What is read must be found again in a note that
/// it is written into.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto line = input.substr(0, end);
  const auto note = input.substr(end + 1);
  try {
    const auto found = find_in_map_note(note, line);
    if (!found) return 0;
    const auto again = find_in_map_note(add_to_map_note(note, *found), line);
    if (!again || again->map.targets.size() != found->map.targets.size()) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::corrupt) std::abort();
  }
  return 0;
}
