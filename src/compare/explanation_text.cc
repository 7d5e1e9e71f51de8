#include "compare/explanation_text.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compare/value_difference.h"

namespace grange {
namespace {

constexpr std::size_t kNamesInHeadline = 3;
constexpr std::size_t kNamesInGroup = 5;
constexpr std::size_t kSourcesInGroup = 10;
constexpr std::size_t kLongestValue = std::size_t{16} << 10;

std::vector<std::string> difference_lines(const ExplainedCause& cause, const StoreDir& store) {
  const bool renamed = std::any_of(cause.fields.begin(), cause.fields.end(),
                                   [](const auto& field) { return field.field == "name"; });
  std::vector<std::string> lines;
  for (const auto& field : cause.fields) {
    if (renamed && field.field == "env.name") continue;  // said already
    auto line = printable(difference_line(store.str(), field));
    // Some fields stand in a variable too, by its own name or, as sources and inputs, by another.
    const bool is_list = field.field == "sources" || field.field == "inputs";
    const auto said = [&](const std::string& other) {
      return other == line || (is_list && other.ends_with(line.substr(line.find(": "))));
    };
    if (std::none_of(lines.begin(), lines.end(), said)) lines.push_back(std::move(line));
  }
  return lines;
}

std::string names_of(const CauseGroup& group) {
  if (group.causes.size() == 1) return group.causes.front()->name;
  std::string text = plural(group.causes.size(), "recipe") + " (";
  for (std::size_t i = 0; i < std::min(group.causes.size(), kNamesInGroup); ++i) {
    text += (i > 0 ? ", " : "") + group.causes[i]->name;
  }
  return text + (group.causes.size() > kNamesInGroup ? ", …)" : ")");
}

/// "3 h 2 min", "3 h 2 min and 4 unknown", "unknown".
std::string time_text(double seconds, std::size_t known, std::size_t unknown) {
  if (known == 0) return "unknown time";
  return format_duration(seconds) +
         (unknown > 0 ? fmt::format(" and {} of unknown duration", format_count(unknown))
                      : std::string());
}

std::string touch_line(const ExplainedCause& cause) {
  return fmt::format(
      "touches {} ({} alone), {}; {}", plural(cause.targets, "target"),
      format_count(cause.targets_alone), plural(cause.derivations, "derivation"),
      time_text(cause.expected_seconds.value_or(0), cause.derivations - cause.unknown_durations,
                cause.unknown_durations));
}

std::string source_file_lines(const ExplainedCause& cause) {
  const auto count = cause.source_files.size();
  std::string text;
  for (std::size_t i = 0; i < std::min(count, kSourcesInGroup); ++i) {
    text += fmt::format("      {}\n", printable(cause.source_files[i]));
  }
  if (count <= kSourcesInGroup) return text;
  return text + fmt::format("      … and {} more\n", count - kSourcesInGroup);
}

/// A value of a contract: bounded, and UTF-8 whatever the recipe holds.
nlohmann::ordered_json value_json(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  if (value->size() <= kLongestValue) return *value;
  auto end = kLongestValue;
  while (end > 0 && (static_cast<unsigned char>((*value)[end]) & 0xc0) == 0x80) --end;
  return value->substr(0, end) + "…";
}

std::string cost_text(const Explanation& explanation) {
  if (explanation.changed == 0) return "";
  std::string text =
      fmt::format("to build: {} ({} cascade, {} new)", plural(explanation.steps, "step"),
                  format_count(explanation.cascade), format_count(explanation.fresh));
  if (explanation.there > 0) text += fmt::format(", {} are there", format_count(explanation.there));
  const auto known = explanation.steps - explanation.unknown_durations;
  text += "; " + time_text(explanation.seconds, known, explanation.unknown_durations);
  if (known > 0) {
    text +=
        fmt::format(", at least {} ({}: {} … {})", format_duration(explanation.critical_seconds),
                    plural(explanation.critical_path.size(), "step") + " in a row",
                    explanation.critical_path.front(), explanation.critical_path.back());
  }
  return text + "\n";
}

}  // namespace

std::vector<CauseGroup> group_causes(const Explanation& explanation, const StoreDir& store) {
  std::vector<CauseGroup> groups;
  std::map<std::string, std::size_t> places;
  for (const auto& cause : explanation.causes) {
    auto lines = difference_lines(cause, store);
    // Only another input is a reason to tell them together: two that merely got the same flag are
    // two decisions.
    const bool inputs = std::any_of(cause.fields.begin(), cause.fields.end(),
                                    [](const auto& field) { return field.field == "inputs"; });
    const auto key = inputs ? join(lines, "\n") + "\n" + join(cause.source_files, "\n")
                            : cause.derivation.base_name();
    const auto [at, is_new] = places.try_emplace(key, groups.size());
    if (is_new) groups.push_back({{}, std::move(lines)});
    groups[at->second].causes.push_back(&cause);
  }
  return groups;
}

std::string change_headline(const Comparison& comparison, const Explanation& explanation,
                            const StoreDir& store) {
  std::string text;
  if (comparison.changed == 0) {
    text = "no target changes";
  } else {
    text = fmt::format("{} {}", plural(comparison.changed, "target"),
                       comparison.changed == 1 ? "changes" : "change");
  }
  if (!explanation.causes.empty()) {
    text += fmt::format(", {}: ", plural(explanation.causes.size(), "cause"));
    const auto groups = group_causes(explanation, store);
    for (std::size_t i = 0; i < std::min(groups.size(), kNamesInHeadline); ++i) {
      text += fmt::format("{}{} ({}{})", i > 0 ? ", " : "", names_of(groups[i]),
                          groups[i].differences.empty() ? "" : groups[i].differences.front(),
                          groups[i].differences.size() > 1
                              ? fmt::format(" and {} more", groups[i].differences.size() - 1)
                              : std::string());
    }
    if (groups.size() > kNamesInHeadline) {
      text += fmt::format(" and {} more", groups.size() - kNamesInHeadline);
    }
  }
  text += fmt::format("; {} equivalent; {} same", format_count(comparison.equivalent),
                      format_count(comparison.same));
  if (comparison.added > 0) text += fmt::format("; {} new", format_count(comparison.added));
  if (comparison.removed > 0) text += fmt::format("; {} removed", format_count(comparison.removed));
  return text;
}

std::string explanation_text(const Explanation& explanation, const StoreDir& store,
                             std::size_t most) {
  if (explanation.changed == 0) return "";
  const auto groups = group_causes(explanation, store);
  std::string text = explanation.causes.empty() ? "" : "causes:\n";
  for (std::size_t i = 0; i < std::min(groups.size(), most); ++i) {
    const auto& group = groups[i];
    text += fmt::format("  {}{}\n", names_of(group),
                        group.causes.front()->suspicious
                            ? "  SUSPICIOUS: the version changed, the hash did not"
                            : "");
    for (const auto& line : group.differences) text += fmt::format("      {}\n", line);
    text += source_file_lines(*group.causes.front());
    text += fmt::format("    {}{}\n", group.causes.size() > 1 ? "each, the first " : "",
                        touch_line(*group.causes.front()));
  }
  if (groups.size() > most) text += fmt::format("  … and {} more\n", groups.size() - most);
  return text + cost_text(explanation);
}

std::string rewritten_text(const Comparison& comparison, const StoreDir& store, std::size_t most) {
  std::string text;
  for (const bool suspicious : {true, false}) {
    std::size_t count = 0;
    std::string lines;
    for (const auto& recipe : comparison.rewritten) {
      if (recipe.suspicious != suspicious) continue;
      if (++count > most) continue;
      lines += fmt::format("  {} ({})\n", recipe.head.derivation_name(), join(recipe.fields, ", "));
      for (const auto& difference : recipe.differences) {
        lines += fmt::format("      {}\n", printable(difference_line(store.str(), difference)));
      }
    }
    if (count > most) lines += fmt::format("  … and {} more\n", count - most);
    if (count == 0) continue;
    text += fmt::format("source changed, hash did not: {} rewritten{}\n", plural(count, "recipe"),
                        suspicious ? ", SUSPICIOUS: another version, the same hash" : "");
    text += lines;
  }
  return text;
}

nlohmann::ordered_json causes_json(const Explanation& explanation, const StoreDir& store) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& cause : explanation.causes) {
    auto fields = nlohmann::ordered_json::array();
    for (const auto& field : cause.fields) {
      const auto shown = readable(store.str(), field);
      fields.push_back({{"field", field.field},
                        {"base", value_json(shown.base)},
                        {"head", value_json(shown.head)}});
    }
    nlohmann::ordered_json json = {{"name", cause.name},
                                   {"drvPath", store.print(cause.derivation)},
                                   {"baseDrvPath", store.print(cause.base_derivation)},
                                   {"fields", std::move(fields)},
                                   {"targets", cause.targets},
                                   {"targetsAlone", cause.targets_alone},
                                   {"derivations", cause.derivations},
                                   {"derivationsAlone", cause.derivations_alone},
                                   {"expectedSeconds", nullptr},
                                   {"unknownDurations", cause.unknown_durations},
                                   {"suspicious", cause.suspicious},
                                   {"sourceFiles", cause.source_files}};
    if (cause.expected_seconds) json["expectedSeconds"] = *cause.expected_seconds;
    list.push_back(std::move(json));
  }
  return list;
}

nlohmann::ordered_json changes_json(const Explanation& explanation) {
  nlohmann::ordered_json cost = {
      {"steps", explanation.steps}, {"there", explanation.there},
      {"expectedSeconds", nullptr}, {"unknownDurations", explanation.unknown_durations},
      {"criticalSeconds", nullptr}, {"criticalPath", explanation.critical_path}};
  if (explanation.unknown_durations < explanation.steps) {
    cost["expectedSeconds"] = explanation.seconds;
    cost["criticalSeconds"] = explanation.critical_seconds;
  }
  return {{"derivations",
           {{"changed", explanation.changed},
            {"causes", explanation.causes.size()},
            {"cascade", explanation.cascade},
            {"new", explanation.fresh}}},
          {"cost", std::move(cost)}};
}

}  // namespace grange
