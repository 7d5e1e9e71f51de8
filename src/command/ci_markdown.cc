#include "command/ci_markdown.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command/closure_size_text.h"
#include "compare/explanation_text.h"
#include "compare/value_difference.h"

namespace grange {
namespace {

constexpr std::size_t kLongestCell = 300;
constexpr std::size_t kShownSizes = 20;
constexpr std::size_t kShownSourceFiles = 5;
constexpr double kShareOfTargets = 0.7;  ///< of the whole: causes are to be told too

/// As code, in one line: nothing in it is Markdown or HTML, or ends the cell of a table.
std::string code(std::string text) {
  text = printable(text.substr(0, text.find('\n')));
  for (char& c : text) {
    if (c == '`') c = '\'';
  }
  if (text.size() > kLongestCell) {
    auto end = kLongestCell;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end) + "…";
  }
  return text.empty() ? std::string() : "`" + replace_all(text, "|", "\\|") + "`";
}

/// Gathers a text up to a limit.
class Bounded {
 public:
  explicit Bounded(std::size_t limit) : limit_(limit) {}

  /// False when it does not fit into this share of the whole any more, with room kept for what must
  /// follow.
  bool add(const std::string& piece, double share = 1) {
    const auto limit = static_cast<std::size_t>(static_cast<double>(limit_) * share);
    if (text_.size() + piece.size() + kReserve > limit) return false;
    text_ += piece;
    return true;
  }
  /// What the reserve is for.
  void close(const std::string& piece) { text_ += piece; }
  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kReserve = 512;
  std::size_t limit_;
  std::string text_;
};

/// Why a target failed, or what changed below it.
std::string reason(const CiReport& report, const TargetReport& target) {
  std::string text;
  if (!target.failed_inputs.empty()) {
    text = "needs " + code(target.failed_inputs.front());
  } else if (target.failing() && !target.message.empty()) {
    text = code(target.message);
  }
  const auto found = report.explanation.targets.find(target.label);
  if (found == report.explanation.targets.end() || found->second.empty()) return text;
  const auto& causes = report.explanation.causes;
  text += text.empty() ? "changed by " : "; changed by ";
  text += code(causes[found->second.front()].name);
  if (found->second.size() > 1) text += fmt::format(" and {} more", found->second.size() - 1);
  return text;
}

struct Section {
  const char* name;
  std::function<bool(const TargetReport&)> holds;
};

/// Of targets whose outcome is news, or bad: newly failing ones first.
std::vector<std::string> target_rows(const CiReport& report) {
  const std::vector<Section> sections = {
      {"newly failing", [](const TargetReport& t) { return t.newly_failing(); }},
      {"fixed", [](const TargetReport& t) { return t.fixed(); }},
      {"still failing", [](const TargetReport& t) { return t.failing() && !t.newly_failing(); }}};
  std::vector<std::string> rows;
  for (const auto& section : sections) {
    for (const auto& target : report.targets) {
      if (!section.holds(target)) continue;
      rows.push_back(
          fmt::format("| {} | {} | {} | {} |\n", section.name, code(target.label),
                      target.evaluation_failed ? "evaluation failed" : to_string(target.outcome),
                      reason(report, target)));
    }
  }
  return rows;
}

std::string touched(const ExplainedCause& cause) {
  return fmt::format("{} ({} alone), {}, {}", plural(cause.targets, "target"),
                     format_count(cause.targets_alone), plural(cause.derivations, "derivation"),
                     cause.expected_seconds ? format_duration(*cause.expected_seconds) +
                                                  (cause.unknown_durations > 0 ? " +" : "")
                                            : std::string("unknown time"));
}

std::string cause_row(const CauseGroup& group) {
  const auto& first = *group.causes.front();
  std::string why;
  const auto add_line = [&](const std::string& line) {
    why += (why.empty() ? "" : "<br>") + code(line);
  };
  for (const auto& line : group.differences) add_line(line);
  const auto files = std::min(first.source_files.size(), kShownSourceFiles);
  for (std::size_t i = 0; i < files; ++i) add_line(first.source_files[i]);
  if (first.source_files.size() > files) {
    why += fmt::format("<br>… and {} more", first.source_files.size() - files);
  }
  const auto others = group.causes.size() - 1;
  return fmt::format("| {}cause | {}{} | {} | {} |\n", first.suspicious ? "⚠ " : "",
                     code(first.name), others > 0 ? fmt::format(" and {} more", others) : "",
                     touched(first), why);
}

/// One table: what became of targets, then what caused it.
void add_table(const CiReport& report, Bounded& text) {
  const auto targets = target_rows(report);
  std::vector<std::string> causes;
  for (const auto& group : group_causes(report.explanation, report.map.store_dir)) {
    causes.push_back(cause_row(group));
  }
  if (targets.empty() && causes.empty()) return;
  if (!text.add("\n| | what | came to | why |\n|---|---|---|---|\n")) return;
  const auto add_rows = [&](const std::vector<std::string>& rows, double share) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (text.add(rows[i], share)) continue;
      text.close(fmt::format("| | … and {} more | | |\n", rows.size() - i));
      return;
    }
  };
  add_rows(targets, kShareOfTargets);
  add_rows(causes, 1);
}

void add_rewritten(const CiReport& report, Bounded& text) {
  const auto& recipes = report.comparison.rewritten;
  if (recipes.empty()) return;
  if (!text.add("\nSource changed, hash did not:\n\n")) return;
  std::vector<const RewrittenRecipe*> sorted;
  sorted.reserve(recipes.size());
  for (const auto& recipe : recipes) sorted.push_back(&recipe);
  std::stable_partition(sorted.begin(), sorted.end(),
                        [](const auto* recipe) { return recipe->suspicious; });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    std::string line = fmt::format("- {}{}", sorted[i]->suspicious ? "⚠ another version: " : "",
                                   code(std::string(sorted[i]->head.derivation_name())));
    for (const auto& difference : sorted[i]->differences) {
      line += "<br>" + code(difference_line(report.map.store_dir.str(), difference));
    }
    if (text.add(line + "\n")) continue;
    text.close(fmt::format("- … and {} more\n", sorted.size() - i));
    return;
  }
}

void add_closure_sizes(const CiReport& report, Bounded& text) {
  const auto changes = size_changes(report.explanation);
  if (changes.empty()) return;
  if (!text.add("\n| closure of | size |\n|---|---|\n")) return;
  std::size_t shown = 0;
  while (shown < std::min(changes.size(), kShownSizes) &&
         text.add(fmt::format("| {} | {} |\n", code(changes[shown].first),
                              size_change(changes[shown].second)))) {
    ++shown;
  }
  if (shown < changes.size()) {
    text.close(fmt::format("| … and {} more | |\n", changes.size() - shown));
  }
}

std::string title_of(const CiReport& report) {
  if (!report.complete) return "the evaluation is incomplete";
  const auto newly = std::count_if(report.targets.begin(), report.targets.end(),
                                   [](const TargetReport& t) { return t.newly_failing(); });
  const auto fixed = std::count_if(report.targets.begin(), report.targets.end(),
                                   [](const TargetReport& t) { return t.fixed(); });
  const auto failing = report.count_failing();
  std::string text =
      newly > 0
          ? fmt::format("{} newly failing", plural(static_cast<std::uint64_t>(newly), "target"))
      : failing > 0
          ? fmt::format("nothing newly failing, {} still failing", plural(failing, "target"))
          : fmt::format("all {} good", plural(report.targets.size(), "target"));
  if (fixed > 0) text += fmt::format(", {} fixed", fixed);
  return text;
}

std::string conclusion_of(const CiReport& report) {
  switch (report.exit_code()) {
    case 0:
      return "success";
    case 2:
    case 4:
      return "neutral";
    default:
      return "failure";
  }
}

}  // namespace

std::string ci_report_markdown(const CiReport& report, std::size_t limit) {
  Bounded text(limit);
  text.add("### grange: " + title_of(report) + "\n\n");
  if (!report.complete) text.add(code(report.evaluation_problem) + "\n\n");
  const auto& comparison = report.comparison;
  text.add(fmt::format(
      "{} changed ({}), {} equivalent, {} same, {} new, {} removed; compared with {}.\n",
      plural(comparison.changed, "target"), plural(report.explanation.causes.size(), "cause"),
      format_count(comparison.equivalent), format_count(comparison.same),
      format_count(comparison.added), format_count(comparison.removed), code(report.base)));
  text.add(fmt::format("Built {} in {}; {} skipped.\n", plural(report.made(), "derivation"),
                       format_duration(report.build_seconds),
                       plural(report.count_skipped(), "target")));
  add_table(report, text);
  add_rewritten(report, text);
  add_closure_sizes(report, text);
  return text.take();
}

std::string ci_report_github(const CiReport& report) {
  nlohmann::ordered_json json;
  json["name"] = "grange";
  if (!report.map.commit.empty()) json["head_sha"] = report.map.commit;
  json["status"] = "completed";
  json["conclusion"] = conclusion_of(report);
  json["output"] = {{"title", title_of(report)}, {"summary", ci_report_markdown(report)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace grange
