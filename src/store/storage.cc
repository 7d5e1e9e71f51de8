#include "store/storage.h"

#include <algorithm>

#include "base/parallel.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kLongestKey = 1024;
constexpr unsigned kReadsAtOnce = 8;

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+-._=!,:%/").find(c) != std::string_view::npos;
}

}  // namespace

std::vector<std::optional<std::string>> Storage::read_many(const std::vector<std::string>& keys,
                                                           std::uint64_t limit) {
  std::vector<std::optional<std::string>> contents(keys.size());
  parallel_for(keys.size(), kReadsAtOnce,
               [&](std::size_t i) { contents[i] = read(keys[i], limit); });
  return contents;
}

std::vector<char> Storage::has_many(const std::vector<std::string>& keys) {
  std::vector<char> there(keys.size());
  parallel_for(keys.size(), kReadsAtOnce, [&](std::size_t i) { there[i] = has(keys[i]) ? 1 : 0; });
  return there;
}

bool is_storage_key(std::string_view text) {
  if (text.empty() || text.size() > kLongestKey) return false;
  if (!std::all_of(text.begin(), text.end(), is_key_character)) return false;
  for (const auto part : split(text, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace grange
