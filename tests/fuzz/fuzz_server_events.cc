#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "http/server_events.h"

/// A stream of events gives the same ones however its bytes are cut, and ids that a header can
/// hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ServerEventReader whole;
  ServerEventReader cut;
  const auto events = whole.take(text);
  std::vector<ServerEvent> pieces;
  for (const char c : text) {
    for (auto& event : cut.take({&c, 1})) pieces.push_back(std::move(event));
  }
  if (events != pieces || whole.last_id() != cut.last_id()) std::abort();
  const auto& id = whole.last_id();
  if (std::any_of(id.begin(), id.end(), [](char c) { return c < ' ' || c > '~'; })) std::abort();
  return 0;
}
