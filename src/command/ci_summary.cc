#include "command/ci_summary.h"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command/build_report_text.h"
#include "command/closure_size_text.h"
#include "compare/explanation_text.h"

namespace grange {
namespace {

constexpr std::size_t kShownFailures = 50;
constexpr std::size_t kShownProducts = 20;
constexpr std::size_t kShownCauses = 10;

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')));
}

/// Names of branches and files, and what git says, are others' texts.
std::string one_line(const std::string& text) {
  return replace_all(printable(text), "\n", "; ");
}

std::string failure_line(const TargetReport& target) {
  std::string line = fmt::format(
      "  {} {}: {}", target.newly_failing() ? "newly failing" : "still failing", target.label,
      target.evaluation_failed ? "evaluation failed" : std::string(to_string(target.outcome)));
  if (!target.failed_inputs.empty()) {
    line += fmt::format(" ({})", printable(target.failed_inputs.front()));
  } else if (!target.message.empty()) {
    line += ": " + first_line(target.message);
  }
  return line + "\n";
}

std::string failing_lines(const CiReport& report) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& target : report.targets) {
    if (!target.failing()) continue;
    if (++shown <= kShownFailures) text += failure_line(target);
  }
  if (shown > kShownFailures) text += fmt::format("  … and {} more\n", shown - kShownFailures);
  return text;
}

std::string check_line(const CheckReport& check) {
  return fmt::format("  {}{} {}: {}\n", check.known ? "still " : "", to_string(check.outcome),
                     check.derivation.derivation_name(), first_line(check.message));
}

/// What checks gave: of rewritten sources, or of what was to be reproduced.
std::string check_lines(const CiReport& report, bool sources) {
  std::size_t good = 0;
  std::size_t different = 0;
  std::size_t failed = 0;
  std::size_t shown = 0;
  std::string lines;
  for (const auto& check : report.checks) {
    if (check.source != sources) continue;
    if (check.outcome == Outcome::good) {
      ++good;
      continue;
    }
    ++(check.outcome == Outcome::not_deterministic ? different : failed);
    if (++shown <= kShownFailures) lines += check_line(check);
  }
  if (shown > kShownFailures) lines += fmt::format("  … and {} more\n", shown - kShownFailures);
  if (good + shown == 0) return "";
  if (sources) return fmt::format("checked sources: {} good, {} failed\n", good, failed) + lines;
  return fmt::format("made again: {} the same, {} not deterministic, {} failed\n", good, different,
                     failed) +
         lines;
}

std::string conflict_lines(const CiReport& report) {
  std::string text;
  for (const auto& conflict : report.conflicts) {
    const auto& store_dir = report.map.store_dir;
    text += fmt::format("two builds differ: '{}' stays, and '{}' is not used\n",
                        store_dir.print(conflict.kept), store_dir.print(conflict.refused));
  }
  return text;
}

std::string cache_lines(const CiReport& report) {
  std::string text;
  for (const auto& cache : report.caches) {
    text += cache.problem.empty()
                ? fmt::format("published {} ({}) to {}\n", plural(cache.paths, "path"),
                              format_bytes(cache.bytes), printable(cache.place))
                : fmt::format("NOT PUBLISHED to {}: {}\n", printable(cache.place),
                              first_line(cache.problem));
  }
  return text;
}

std::string fixed_lines(const CiReport& report) {
  std::string text;
  for (const auto& target : report.targets) {
    if (target.fixed()) text += "  fixed " + target.label + "\n";
  }
  return text;
}

std::string product_lines(const CiReport& report) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& target : report.targets) {
    for (const auto& product : target.report.products) {
      if (!product.declared) continue;
      if (++shown <= kShownProducts) {
        text += fmt::format("  product of {}: {}\n", target.label, build_product_line(product));
      }
    }
  }
  if (shown > kShownProducts) text += fmt::format("  … and {} more\n", shown - kShownProducts);
  return text;
}

nlohmann::ordered_json target_json(const TargetReport& target, const CiReport& report) {
  const TargetMap& map = report.map;
  nlohmann::ordered_json json;
  json["label"] = target.label;
  json["verdict"] = to_string(target.verdict);
  if (target.verdict != Verdict::removed) json["outcome"] = to_string(target.outcome);
  if (target.in_base) json["baseOutcome"] = to_string(target.base_outcome);
  if (const auto found = map.targets.find(target.label); found != map.targets.end()) {
    json["drvPath"] = map.store_dir.print(found->second.derivation);
    if (found->second.output_set) json["outputSet"] = found->second.output_set->to_string();
  }
  const auto causes = report.explanation.targets.find(target.label);
  if (causes != report.explanation.targets.end()) json["causes"] = causes->second;
  const auto size = report.explanation.sizes.find(target.label);
  if (size != report.explanation.sizes.end()) json["closureSize"] = closure_size_json(size->second);
  json["skipped"] = target.skipped;
  json["made"] = target.made;
  if (target.failing()) json["newlyFailing"] = target.newly_failing();
  if (target.evaluation_failed)
    json["error"] = target.message;
  else if (!target.message.empty())
    json["message"] = target.message;
  if (!target.failed_inputs.empty()) json["failedInputs"] = target.failed_inputs;
  add_build_report(target.report, json);
  return json;
}

/// How the base was chosen; what is not known is null.
nlohmann::ordered_json base_json(const BaseReport& base) {
  nlohmann::ordered_json json;
  json["how"] = base.how;
  json["place"] = base.place;
  json["commit"] = nullptr;
  if (!base.commit.empty()) json["commit"] = base.commit;
  json["ageSeconds"] = nullptr;
  if (base.age_seconds) json["ageSeconds"] = *base.age_seconds;
  json["outcomesCount"] = base.outcomes_count;
  json["remarks"] = base.remarks;
  return json;
}

}  // namespace

std::string ci_summary_text(const CiReport& report) {
  const auto& comparison = report.comparison;
  std::string text;
  text += fmt::format(
      "evaluated {}, {} in {}{}\n", plural(report.map.targets.size(), "target"),
      plural(report.map.errors.size(), "error"), format_duration(report.evaluate_seconds),
      report.complete ? "" : "; INCOMPLETE: " + first_line(report.evaluation_problem));
  text += fmt::format("compared with {}\n", one_line(report.base));
  for (const auto& remark : report.base_details.remarks) {
    text += fmt::format("  passed over: {}\n", one_line(remark));
  }
  text +=
      fmt::format("  {} same, {} equivalent, {} changed, {} new, {} removed\n", comparison.same,
                  comparison.equivalent, comparison.changed, comparison.added, comparison.removed);
  if (!report.explanation.causes.empty()) {
    const auto& store = report.map.store_dir;
    text += change_headline(comparison, report.explanation, store) + "\n";
    text += explanation_text(report.explanation, store, kShownCauses);
  }
  text += rewritten_text(comparison, report.map.store_dir, kShownCauses);
  const std::size_t made = report.made();
  const std::size_t skipped = report.count_skipped();
  if (report.attempts.empty()) {
    text += fmt::format("nothing to build: {} skipped, {} there\n", plural(skipped, "target"),
                        plural(report.present, "output set"));
  } else {
    text += fmt::format("built {}, {} failed, in {}; {} skipped, {} there\n",
                        plural(made, "derivation"), report.attempts.size() - made,
                        format_duration(report.build_seconds), plural(skipped, "target"),
                        plural(report.present, "output set"));
  }
  if (report.fetched_paths > 0) {
    text += fmt::format("fetched {} ({})\n", plural(report.fetched_paths, "path"),
                        format_bytes(report.fetched_bytes));
  }
  if (report.cut_off.steps > 0) {
    text += fmt::format("cut off: {} ({} saved)\n", report.cut_off.steps,
                        format_duration(report.cut_off.saved_seconds));
  }
  text += closure_size_text(report.explanation) + conflict_lines(report) + cache_lines(report);
  text += check_lines(report, false) + check_lines(report, true);
  text += product_lines(report) + fixed_lines(report) + failing_lines(report);
  const std::size_t failing = report.count_failing();
  text += failing == 0
              ? fmt::format("all {} good\n", plural(report.map.targets.size(), "target"))
              : fmt::format("{} of {} failing\n", failing,
                            plural(report.map.targets.size() + report.map.errors.size(), "target"));
  return text;
}

std::string ci_summary_json(const CiReport& report) {
  nlohmann::ordered_json json;
  json["complete"] = report.complete;
  if (!report.complete) json["problem"] = report.evaluation_problem;
  json["base"] = report.base;
  json["baseDetails"] = base_json(report.base_details);
  const auto& comparison = report.comparison;
  json["totals"] = {{"same", comparison.same},
                    {"equivalent", comparison.equivalent},
                    {"changed", comparison.changed},
                    {"new", comparison.added},
                    {"removed", comparison.removed}};
  json["built"] = report.made();
  json["failedAttempts"] = report.attempts.size() - report.made();
  json["present"] = report.present;
  json["fetched"] = {{"paths", report.fetched_paths}, {"bytes", report.fetched_bytes}};
  json["cutOff"] = {{"steps", report.cut_off.steps},
                    {"savedSeconds", report.cut_off.saved_seconds}};
  json["conflicts"] = nlohmann::ordered_json::array();
  for (const auto& conflict : report.conflicts) {
    json["conflicts"].push_back({{"id", conflict.id.to_string()},
                                 {"kept", report.map.store_dir.print(conflict.kept)},
                                 {"refused", report.map.store_dir.print(conflict.refused)}});
  }
  json["caches"] = nlohmann::ordered_json::array();
  for (const auto& cache : report.caches) {
    json["caches"].push_back({{"place", cache.place},
                              {"paths", cache.paths},
                              {"bytes", cache.bytes},
                              {"realisations", cache.realisations},
                              {"problem", cache.problem}});
  }
  json["skipped"] = report.count_skipped();
  json["failing"] = report.count_failing();
  json["seconds"] = {{"evaluate", report.evaluate_seconds},
                     {"compare", report.compare_seconds},
                     {"build", report.build_seconds},
                     {"check", report.check_seconds}};
  json["rewritten"] = nlohmann::ordered_json::array();
  for (const auto& recipe : comparison.rewritten) {
    json["rewritten"].push_back({{"name", recipe.head.derivation_name()},
                                 {"baseDrvPath", report.map.store_dir.print(recipe.base)},
                                 {"drvPath", report.map.store_dir.print(recipe.head)},
                                 {"outputSet", recipe.output_set.to_string()},
                                 {"fields", recipe.fields},
                                 {"suspicious", recipe.suspicious}});
  }
  json["causes"] = causes_json(report.explanation, report.map.store_dir);
  json["changes"] = changes_json(report.explanation);
  json["failures"] = nlohmann::ordered_json::array();
  for (const auto& attempt : report.attempts) {
    if (attempt.result.good()) continue;
    json["failures"].push_back({{"drvPath", report.map.store_dir.print(attempt.derivation)},
                                {"outcome", to_string(attempt.result.outcome)},
                                {"message", attempt.result.message},
                                {"logTail", attempt.result.log_tail}});
  }
  json["checks"] = nlohmann::ordered_json::array();
  for (const auto& check : report.checks) {
    json["checks"].push_back({{"drvPath", report.map.store_dir.print(check.derivation)},
                              {"source", check.source},
                              {"outcome", to_string(check.outcome)},
                              {"message", check.message},
                              {"known", check.known}});
  }
  json["targets"] = nlohmann::ordered_json::array();
  for (const auto& target : report.targets) json["targets"].push_back(target_json(target, report));
  json["exitCode"] = report.exit_code();
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace grange
