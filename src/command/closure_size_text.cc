#include "command/closure_size_text.h"

#include <algorithm>
#include <cstdint>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace grange {
namespace {

std::uint64_t difference(const ClosureSize& size) {
  return std::max(*size.base, *size.head) - std::min(*size.base, *size.head);
}

}  // namespace

std::vector<std::pair<std::string, ClosureSize>> size_changes(const Explanation& explanation) {
  std::vector<std::pair<std::string, ClosureSize>> changes;
  for (const auto& [label, size] : explanation.sizes) {
    if (size.base && size.head && size.base != size.head) changes.emplace_back(label, size);
  }
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
    return difference(a.second) > difference(b.second);
  });
  return changes;
}

std::string size_change(const ClosureSize& size) {
  return fmt::format("{} → {} ({}{})", format_bytes(*size.base), format_bytes(*size.head),
                     *size.head > *size.base ? "+" : "-", format_bytes(difference(size)));
}

std::string closure_size_text(const Explanation& explanation, std::size_t most) {
  const auto changes = size_changes(explanation);
  const auto known = static_cast<std::size_t>(
      std::count_if(explanation.sizes.begin(), explanation.sizes.end(),
                    [](const auto& size) { return size.second.base && size.second.head; }));
  if (known == 0) return "";
  std::string text = fmt::format("closure sizes, {} known: {} differ\n", plural(known, "target"),
                                 format_count(changes.size()));
  for (std::size_t i = 0; i < std::min(most, changes.size()); ++i) {
    text += fmt::format("  {}: {}\n", printable(changes[i].first), size_change(changes[i].second));
  }
  if (changes.size() > most) text += fmt::format("  … and {} more\n", changes.size() - most);
  return text;
}

nlohmann::ordered_json closure_size_json(const ClosureSize& size) {
  nlohmann::ordered_json json;
  json["base"] = nullptr;
  if (size.base) json["base"] = *size.base;
  json["head"] = nullptr;
  if (size.head) json["head"] = *size.head;
  return json;
}

}  // namespace grange
