#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "archive/nar_listing.h"
#include "archive/nar_parser.h"
#include "base/error.h"

/// The listing of whatever is a NAR is JSON, and where it says that a file's contents begin they
/// do: within the archive, with their size.
namespace {

void look_at(const nlohmann::json& node, std::size_t size) {
  if (node.at("type") == "directory") {
    for (const auto& [name, entry] : node.at("entries").items()) look_at(entry, size);
  } else if (node.at("type") == "regular") {
    const std::size_t length = node.at("size");
    if (length == 0) return;
    const std::size_t offset = node.at("narOffset");
    if (offset > size || size - offset < length) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  StringSource source({reinterpret_cast<const char*>(data), size});
  NarListing listing;
  try {
    parse_nar(source, listing);
  } catch (const CorruptError&) {
    return 0;
  }
  const auto document = nlohmann::json::parse(listing.take());  // throwing is a finding
  look_at(document.at("root"), size);
  return 0;
}
