#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "store/binary_cache.h"

namespace grange {
namespace {

std::string_view trim_spaces(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

}  // namespace

CacheInfo CacheInfo::parse(std::string_view text) {
  CacheInfo info;
  for (const auto line : split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const auto key = line.substr(0, colon);
    const auto value = trim_spaces(line.substr(colon + 1));
    try {
      if (key == "StoreDir") info.store_dir = StoreDir::parse(value);
    } catch (const InvalidError& error) {
      throw CorruptError(std::string("nix-cache-info is broken: ") + error.what());
    }
    if (key == "WantMassQuery") info.mass_queries = value == "1";
    if (key == "Priority") {
      std::int64_t priority = 0;
      const auto [end, problem] =
          std::from_chars(value.data(), value.data() + value.size(), priority);
      if (problem != std::errc() || end != value.data() + value.size()) {
        throw CorruptError("nix-cache-info is broken: '" + printable(value) + "' is no priority");
      }
      info.priority = priority;
    }
  }
  return info;
}

std::string CacheInfo::print() const {
  return "StoreDir: " + store_dir.str() + "\nWantMassQuery: " + (mass_queries ? "1" : "0") +
         "\nPriority: " + std::to_string(priority) + "\n";
}

}  // namespace grange
