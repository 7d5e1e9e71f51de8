#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "command/base_options.h"
#include "command/ci_markdown.h"
#include "command/ci_summary.h"
#include "command/command.h"
#include "command/interrupt.h"
#include "command/progress.h"
#include "command/selection_options.h"
#include "command/state_directory.h"
#include "command/workshop_options.h"
#include "derivation/target_map_file.h"
#include "farm/ci.h"

namespace grange {
namespace {

struct CiCommandOptions {
  SelectionOptions selection;
  WorkshopOptions workshop;
  BaseOptions base;
  std::vector<std::string> publish_map;
  std::vector<std::string> caches;
  std::uint64_t keep_evaluations = RecordOptions().kept_evaluations;
  double keep_days = 0;
  std::string map;
  bool retry = false;
  std::string check = "none";
  bool check_sources = false;
  bool json = false;
  std::string report = "text";
};

constexpr const char* kCiFooter = R"(
Examples:
  grange ci                          everything in ./default.nix, compared with the last complete run
  grange ci -f release.nix -A hello  one attribute
  grange ci --base main.json --map new.json
                                     compare with a map from elsewhere, and write this run's
  grange ci --base merge-base:origin/main
                                     compare with where this branch left main
  grange ci --check=changed --check-sources
                                     make what was made once more, and try rewritten sources

Exit codes:
  0 all good · 1 a target newly fails · 2 only targets fail that the base already had failing
  3 the evaluation is incomplete · 4 no target newly fails, but a check found something
  64 usage · 70 internal · 75 try again)";

/// Says where the map went, or why it did not: after the summary, which a failure must not take.
void tell_publications(const CiReport& report) {
  for (const auto& publication : report.publications) {
    const std::string line =
        publication.problem.empty()
            ? "the map of " + report.map.commit + " is published in " + publication.place
            : "the map is not published in " + publication.place + ": " + publication.problem;
    std::fprintf(stderr, "%s\n", replace_all(printable(line), "\n", "; ").c_str());
  }
}

CheckScope check_scope_of(const std::string& text) {
  if (text == "changed") return CheckScope::changed;
  return text == "all" ? CheckScope::all : CheckScope::none;
}

std::string printed(const CiCommandOptions& options, const CiReport& report) {
  if (options.json || options.report == "json") return ci_summary_json(report);
  if (options.report == "markdown") return ci_report_markdown(report);
  if (options.report == "github") return ci_report_github(report);
  return ci_summary_text(report);
}

int run_ci_command(const CiCommandOptions& options) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  const auto state = default_state_directory();
  grange::create_directories(state);
  CiOptions ci;
  ci.selection = selection_of(options.selection);
  ci.evaluate = evaluate_options_of(options.selection);
  ci.evaluate.fsync_metadata = !options.workshop.fast_metadata;
  ci.base = base_choice_of(options.base);
  for (const auto& place : options.publish_map) ci.publish.push_back(MapPlace::parse(place));
  for (const auto& cache : options.caches) ci.caches.push_back(StoreReference::parse(cache));
  if (options.keep_days > 0) ci.keep_for = Seconds(options.keep_days * 86400);
  ci.retry = options.retry;
  ci.check = check_scope_of(options.check);
  ci.check_sources = options.check_sources;
  ci.limits = options.workshop.limits();
  auto config = workshop_config(options.workshop);
  config.remote.stop = interrupt.token();
  config.eval_store_root = ci.evaluate.eval_store_root;
  Workshop workshop(std::move(config), clock);
  ci.jobs = workshop.slots();
  RecordOptions record_options;
  record_options.kept_evaluations = options.keep_evaluations;
  const auto record = Record::open(default_record_file(state), record_options);
  const auto evaluator = make_nix_evaluator(clock);
  Progress progress(clock, ProgressStyle::of_stderr());
  SystemProcessRunner programs;
  const CiReport report =
      run_ci(ci, workshop, *evaluator, *record, programs, clock, progress, interrupt.token());
  progress.close();
  if (!options.map.empty()) write_target_map_file(options.map, report.map);
  std::fputs(printed(options, report).c_str(), stdout);
  std::fflush(stdout);
  tell_publications(report);
  return report.exit_code();
}

}  // namespace

void add_ci_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand(
      "ci", "Evaluate, compare with a base, build what is really new, remember");
  auto options = std::make_shared<CiCommandOptions>();
  add_selection_options(*command, options->selection);
  command
      ->add_option("--eval-store", options->selection.eval_store,
                   "Root of the eval store (default: in the state directory)")
      ->type_name("ROOT");
  add_base_options(*command, options->base);
  command->add_option("--map", options->map, "Write this run's target map here")->type_name("FILE");
  command
      ->add_option("--publish-map", options->publish_map,
                   "Publish this run's map under its commit, in the git notes or in a directory "
                   "(repeatable); of clean work trees only")
      ->type_name("notes|DIR")
      ->allow_extra_args(false);
  command
      ->add_option("--cache", options->caches,
                   "Copy the outputs of good targets there, a binary cache or another store "
                   "(repeatable)")
      ->type_name("STORE")
      ->allow_extra_args(false);
  command
      ->add_option("--keep-evaluations", options->keep_evaluations,
                   "How many evaluations of this selection the record keeps")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  command
      ->add_option("--keep-days", options->keep_days,
                   "Forget evaluations of this selection that are older (0: never)")
      ->type_name("DAYS")
      ->check(CLI::Range(0.0, 100'000.0))
      ->capture_default_str();
  command->add_flag("--retry", options->retry, "Try known failures again");
  command
      ->add_flag("--check{changed}", options->check,
                 "Make again and compare: what this run made (--check, --check=changed), or every "
                 "good target (--check=all)")
      ->check(CLI::IsMember({"changed", "all", "none"}));
  command->add_flag("--check-sources", options->check_sources,
                    "Try rewritten recipes of fixed outputs that were never tried, though their "
                    "outputs are there");
  add_workshop_options(*command, options->workshop);
  command->add_flag("--json", options->json, "Print the report as JSON");
  command
      ->add_option("--report", options->report,
                   "How to print the report: text, json, markdown (a comment), or github (a check "
                   "run's request)")
      ->check(CLI::IsMember({"text", "json", "markdown", "github"}))
      ->capture_default_str();
  command->footer(kCiFooter);
  command->callback(
      [&chosen, options] { chosen = [options] { return run_ci_command(*options); }; });
}

}  // namespace grange
