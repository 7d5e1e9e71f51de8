#include "pages/page_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "http/url.h"

namespace grange {
namespace {

constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400, kYear = 365 * kDay;

/// The two largest units of a time of a minute or more.
std::string units_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t size;
    std::string_view name;
  };
  constexpr std::array<Unit, 5> kUnits{
      {{kYear, "y"}, {kDay, "d"}, {kHour, "h"}, {kMinute, "min"}, {1, "s"}}};
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (seconds < kUnits[i].size) continue;
    const auto rest = seconds % kUnits[i].size / kUnits[i + 1].size;
    auto text = fmt::format("{} {}", seconds / kUnits[i].size, kUnits[i].name);
    if (rest > 0) text += fmt::format(" {} {}", rest, kUnits[i + 1].name);
    return text;
  }
  return fmt::format("{} s", seconds);
}

ApiJson shown(std::string_view word, std::string_view kind, std::string_view icon) {
  return {{"word", word}, {"kind", kind}, {"icon", icon}};
}

double seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::string count_text(std::int64_t count) {
  auto digits = std::to_string(count);
  const auto begin = count < 0 ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > begin; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

bool says_something(const ApiJson& text) {
  const auto* words = text.get_ptr<const std::string*>();
  return words != nullptr && !words->empty();
}

std::string counted_text(std::int64_t count, std::string_view noun) {
  return plural(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)), noun);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0)) return "0 s";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  return units_text(static_cast<std::int64_t>(std::min(std::round(seconds), 1e12)));
}

std::string size_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1023.95 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string relative_text(TimePoint time, TimePoint now) {
  const auto seconds = static_cast<std::int64_t>(std::llround(seconds_between(time, now)));
  if (seconds == 0) return "now";
  const auto distance = std::abs(seconds);
  // One unit is enough from afar.
  auto text = units_text(distance);
  if (distance >= kMinute) text = text.substr(0, text.find(' ', text.find(' ') + 1));
  return seconds > 0 ? text + " ago" : "in " + text;
}

ApiJson time_view(const ApiJson& time, TimePoint now) {
  if (!time.is_string()) return nullptr;
  const auto point = parse_api_time(time.get<std::string>());
  if (!point) return nullptr;
  const auto& text = time.get_ref<const std::string&>();
  return {{"iso", text},
          {"exact", text.substr(0, 10) + " " + text.substr(11, 8) + " UTC"},
          {"relative", relative_text(*point, now)}};
}

ApiJson status_view(const ApiJson& outcome, std::string_view otherwise) {
  if (!outcome.is_string()) return shown(otherwise, otherwise, otherwise);
  const auto& word = outcome.get_ref<const std::string&>();
  static const std::map<std::string, std::pair<std::string_view, std::string_view>, std::less<>>
      kKinds{
          {"good", {"good", "good"}},
          {"dependency failed", {"blocked", "blocked"}},
          {"unsupported", {"blocked", "blocked"}},
          {"timed out", {"bad", "clock"}},
          {"aborted", {"stopped", "stopped"}},
          {"cancelled", {"stopped", "stopped"}},
          {"unknown", {"stopped", "unknown"}},
          {"complete", {"good", "good"}},
          {"running", {"running", "running"}},
      };
  const auto found = kKinds.find(word);
  if (found == kKinds.end()) return shown(word, "bad", "bad");
  return shown(word, found->second.first, found->second.second);
}

ApiJson verdict_view(const ApiJson& verdict) {
  if (!verdict.is_string()) return nullptr;
  const auto& word = verdict.get_ref<const std::string&>();
  static const std::map<std::string, std::string_view, std::less<>> kIcons{
      {"same", "same"}, {"equivalent", "equivalent"}, {"changed", "changed"},
      {"new", "new"},   {"removed", "removed"},       {"changed (unverified)", "changed"}};
  const auto found = kIcons.find(word);
  const auto kind = word.substr(0, word.find(' '));
  return shown(word, "verdict-" + kind, found == kIcons.end() ? "unknown" : found->second);
}

ApiJson span_view(const ApiJson& from, const ApiJson& to, TimePoint now) {
  if (!from.is_string()) return nullptr;
  const auto begin = parse_api_time(from.get<std::string>());
  const auto end = to.is_string() ? parse_api_time(to.get<std::string>()) : now;
  if (!begin || !end) return nullptr;
  return duration_text(seconds_between(*begin, *end));
}

std::string url_part(std::string_view text) {
  return percent_encode(text);
}

}  // namespace grange
