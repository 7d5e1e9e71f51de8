#include "command/queue_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;
using QueueLine = std::array<std::string, 4>;

std::string text_of(const Json& value) {
  return value.is_string() ? printable(value.get<std::string>()) : std::string();
}

std::string jobset_of(const Json& build) {
  if (!build.at("project").is_string()) return "-";
  return text_of(build.at("project")) + ":" + text_of(build.at("jobset"));
}

std::string state_of(const Json& build) {
  std::string state = build.at("started").is_null() ? "queued" : "running";
  if (build.at("bumped").get<bool>()) state += ", bumped";
  if (!build.at("retryAt").is_null()) state += ", again at " + text_of(build.at("retryAt"));
  if (const auto waiting = build.find("waiting"); waiting != build.end() && waiting->is_object()) {
    const auto words = text_of(waiting->at("words"));
    if (!words.empty()) state += ": " + words;
  }
  return state;
}

/// Columns as wide as what is in them; the last one is as long as it is.
std::string aligned(const std::vector<QueueLine>& lines) {
  std::array<std::size_t, 4> widths{};
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) {
    text += fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", line[0], widths[0], line[1], widths[1],
                        line[2], widths[2], line[3]);
  }
  return text;
}

}  // namespace

std::string queue_text(const Json& queue) {
  std::string text;
  for (const auto& jobset : queue.at("jobsets")) {
    text +=
        fmt::format("{}:{}: {} ({})\n", text_of(jobset.at("project")), text_of(jobset.at("jobset")),
                    plural(jobset.at("queued").get<std::uint64_t>(), "build"),
                    plural(jobset.at("shares").get<std::uint64_t>(), "share"));
  }
  std::vector<QueueLine> lines;
  for (const auto& build : queue.at("builds")) {
    lines.push_back({std::to_string(build.at("id").get<std::int64_t>()), jobset_of(build),
                     text_of(build.at("label")), state_of(build)});
  }
  if (lines.empty()) return text + "nothing is to be made\n";
  if (!text.empty()) text += "\n";
  text += aligned(lines);
  if (queue.contains("next") && !queue.at("next").is_null()) text += "… and more\n";
  return text;
}

}  // namespace grange
