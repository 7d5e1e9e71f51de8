#include "command/compare_report.h"

#include <iterator>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command/closure_size_text.h"
#include "compare/explanation_text.h"
#include "compare/value_difference.h"
#include "derivation/json_string.h"

namespace grange {
namespace {

void append_key(std::string& text, std::string_view key, std::string_view value) {
  text += fmt::format(",\"{}\":", key);
  append_json_string(text, value);
}

void append_causes_of_target(std::string& text, const CompareReport& report,
                             const std::string& label) {
  if (report.explanation == nullptr) return;
  const auto found = report.explanation->targets.find(label);
  if (found == report.explanation->targets.end()) return;
  text += ",\"causes\":[";
  for (std::size_t i = 0; i < found->second.size(); ++i) {
    text += fmt::format("{}{}", i > 0 ? "," : "", found->second[i]);
  }
  text += ']';
}

void append_closure_size(std::string& text, const CompareReport& report, const std::string& label) {
  if (report.explanation == nullptr) return;
  const auto found = report.explanation->sizes.find(label);
  if (found == report.explanation->sizes.end()) return;
  text += ",\"closureSize\":" + closure_size_json(found->second).dump();
}

void append_target_line(std::string& text, const CompareReport& report,
                        const TargetVerdict& target) {
  text += "{\"label\":";
  append_json_string(text, target.label);
  append_key(text, "verdict", to_string(target.verdict));
  const auto add_derivation = [&](std::string_view key, const TargetMap& map) {
    const auto found = map.targets.find(target.label);
    if (found == map.targets.end()) return;
    append_key(text, key, report.store_dir.print(found->second.derivation));
  };
  add_derivation("base", report.base);
  add_derivation("head", report.head);
  append_causes_of_target(text, report, target.label);
  append_closure_size(text, report, target.label);
  text += '}';
}

void append_recipe_line(std::string& text, const StoreDir& store, const RewrittenRecipe& recipe) {
  text += "{\"base\":";
  append_json_string(text, store.print(recipe.base));
  append_key(text, "head", store.print(recipe.head));
  append_key(text, "outputSet", recipe.output_set.to_string());
  text += ",\"fields\":[";
  for (std::size_t i = 0; i < recipe.fields.size(); ++i) {
    if (i > 0) text += ',';
    append_json_string(text, recipe.fields[i]);
  }
  text += fmt::format("],\"recipes\":{},\"suspicious\":{},\"differences\":[", recipe.recipes,
                      recipe.suspicious);
  for (std::size_t i = 0; i < recipe.differences.size(); ++i) {
    const auto shown = readable(store.str(), recipe.differences[i]);
    text += i > 0 ? ",{\"field\":" : "{\"field\":";
    append_json_string(text, shown.field);
    const auto add_side = [&](std::string_view key, const std::optional<std::string>& value) {
      if (value) {
        append_key(text, key, printable(*value));
      } else {
        text += fmt::format(",\"{}\":null", key);
      }
    };
    add_side("base", shown.base);
    add_side("head", shown.head);
    text += '}';
  }
  text += "]}";
}

/// [, a line per item, ].
template <typename Items, typename Append>
void append_lines(std::string& text, const Items& items, const Append& append) {
  text += '[';
  bool first = true;
  for (const auto& item : items) {
    text += first ? "\n" : ",\n";
    first = false;
    append(item);
  }
  text += items.empty() ? "]" : "\n]";
}

void append_labels(std::string& text, const Comparison& comparison, Verdict verdict) {
  for (const auto& target : comparison.targets) {
    if (target.verdict != verdict) continue;
    text += fmt::format("{}: {}\n", to_string(verdict), printable(target.label));
  }
}

}  // namespace

std::string compare_report_text(const CompareReport& report) {
  const Comparison& comparison = report.comparison;
  std::string text = report.explanation != nullptr
                         ? change_headline(comparison, *report.explanation, report.store_dir) + "\n"
                         : std::string();
  text += fmt::format("{}: {} same, {} equivalent, {} changed{}, {} new, {} removed\n",
                      plural(comparison.targets.size(), "target"), format_count(comparison.same),
                      format_count(comparison.equivalent), format_count(comparison.changed),
                      comparison.unverified > 0
                          ? fmt::format(" ({} unverified: .drv files are missing or wrong)",
                                        format_count(comparison.unverified))
                          : std::string(),
                      format_count(comparison.added), format_count(comparison.removed));
  for (const auto verdict :
       {Verdict::changed, Verdict::changed_unverified, Verdict::added, Verdict::removed}) {
    append_labels(text, comparison, verdict);
  }
  if (report.explanation != nullptr) {
    text += explanation_text(*report.explanation, report.store_dir);
    text += closure_size_text(*report.explanation);
  }
  return text + rewritten_text(comparison, report.store_dir);
}

std::string compare_report_json(const CompareReport& report) {
  const Comparison& comparison = report.comparison;
  std::string text;
  text.reserve(256 + comparison.targets.size() * 256);
  text += fmt::format(
      "{{\"totals\":{{\"same\":{},\"equivalent\":{},\"changed\":{},\"new\":{},"
      "\"removed\":{},\"unverified\":{}}},\n\"targets\":",
      comparison.same, comparison.equivalent, comparison.changed, comparison.added,
      comparison.removed, comparison.unverified);
  append_lines(text, comparison.targets,
               [&](const TargetVerdict& target) { append_target_line(text, report, target); });
  if (report.explanation != nullptr) {
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    text += ",\n\"causes\":";
    const auto causes = causes_json(*report.explanation, report.store_dir);
    append_lines(text, causes,
                 [&](const auto& cause) { text += cause.dump(-1, ' ', false, replace); });
    text += ",\n\"changes\":" + changes_json(*report.explanation).dump(-1, ' ', false, replace);
  }
  text += ",\n\"rewritten\":";
  append_lines(text, comparison.rewritten, [&](const RewrittenRecipe& recipe) {
    append_recipe_line(text, report.store_dir, recipe);
  });
  text += "}\n";
  return text;
}

}  // namespace grange
