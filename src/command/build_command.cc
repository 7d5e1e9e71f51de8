#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "command/build_report_text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/progress.h"
#include "command/selection_options.h"
#include "command/state_directory.h"
#include "command/workshop_options.h"
#include "farm/build_outputs.h"

namespace grange {
namespace {

struct BuildCommandOptions {
  SelectionOptions selection;
  WorkshopOptions workshop;
  std::vector<std::string> derivations;
  bool no_link = false;
  bool check = false;
  bool repair = false;
};

constexpr const char* kBuildFooter = R"(
Examples:
  grange build                             everything in ./default.nix
  grange build -f pkgs.nix -A hello        one attribute; ./result points at it
  grange build /nix/store/…-hello.drv^out  an output of a derivation in the eval store
  grange build -A hello --check            make it again and compare; what is valid stays
  grange build -A hello --repair           its outputs, if their files are damaged

Exit codes:
  0 all good · 1 something failed · 3 the evaluation is incomplete · 64 usage
  65 malformed input · 66 no such input · 70 internal · 75 try again
  104 nothing failed, but what --check or --repair made again is not what is valid)";

/// Gathers what an evaluation finds, and says what it does not.
class Collector final : public TargetSink {
 public:
  explicit Collector(Progress& progress) : progress_(progress) {}
  void target(EvaluatedTarget target) override {
    wanted.push_back({std::move(target.derivation), {}});
    progress_.evaluated(wanted.size(), errors);
  }
  void error(EvaluationError error) override {
    ++errors;
    progress_.evaluation_error(error.label, error.error);
  }

  std::vector<WantedOutputs> wanted;
  std::uint64_t errors = 0;

 private:
  Progress& progress_;
};

/// result, result-dev, result-2, result-2-dev …, as nix-build names them.
void link_results(LocalStore& store, const std::vector<BuiltOutputs>& made) {
  std::size_t number = 0;
  for (const auto& outputs : made) {
    if (outputs.paths.empty()) continue;
    const std::string stem = ++number == 1 ? "result" : fmt::format("result-{}", number);
    for (const auto& [name, path] : outputs.paths) {
      const auto link =
          std::filesystem::current_path() / (name == "out" ? stem : stem + "-" + name);
      store.add_indirect_root(link, path);
    }
  }
}

/// The listing of a difference was shown when it was found.
std::string failure_text(const BuiltOutputs& outputs) {
  const bool listed = outputs.outcome == Outcome::not_deterministic;
  return printable(listed ? outputs.message.substr(0, outputs.message.find('\n'))
                          : outputs.message);
}

BuildPolicy::Mode mode_of(const BuildCommandOptions& options) {
  if (options.check) return BuildPolicy::Mode::check;
  return options.repair ? BuildPolicy::Mode::repair : BuildPolicy::Mode::normal;
}

int run_build_command(const BuildCommandOptions& options) {
  if (!options.derivations.empty() &&
      (!options.selection.file.empty() || !options.selection.expression.empty() ||
       !options.selection.attributes.empty())) {
    throw InvalidError("name derivations or a selection (-f, -E, -A), not both");
  }
  const InterruptWatch interrupt;
  const SystemClock clock;
  const auto state = default_state_directory();
  grange::create_directories(state);
  auto config = workshop_config(options.workshop);
  config.remote.stop = interrupt.token();
  auto evaluate = evaluate_options_of(options.selection);
  evaluate.fsync_metadata = !options.workshop.fast_metadata;
  config.eval_store_root = evaluate.eval_store_root;
  Workshop workshop(std::move(config), clock);
  Progress progress(clock, ProgressStyle::of_stderr());
  Collector collector(progress);
  EvaluationSummary summary;
  summary.complete = true;
  if (options.derivations.empty()) {
    summary = make_nix_evaluator(clock)->evaluate(selection_of(options.selection), evaluate,
                                                  collector, interrupt.token());
  }
  for (const auto& text : options.derivations) {
    collector.wanted.push_back(WantedOutputs::parse(text));
  }
  const auto record = Record::open(default_record_file(state));
  const auto made =
      build_outputs(collector.wanted, workshop, workshop.slots(), options.workshop.limits(),
                    *record, clock, progress, interrupt.token(), mode_of(options));
  progress.close();
  bool failed = collector.errors > 0;
  bool differs = false;
  for (const auto& outputs : made) {
    for (const auto& [name, path] : outputs.paths) {
      std::printf("%s\n", workshop.store().store_dir().print(path).c_str());
    }
    for (const auto& product : outputs.report.products) {
      if (!product.declared) continue;
      std::fprintf(stderr, "product of %s: %s\n",
                   std::string(outputs.derivation.derivation_name()).c_str(),
                   build_product_line(product).c_str());
    }
    if (outputs.outcome == Outcome::good) continue;
    // What only differs from what is valid is still there; what repeating gave up is not.
    ((options.check || options.repair) && outputs.outcome == Outcome::not_deterministic ? differs
                                                                                        : failed) =
        true;
    std::fprintf(stderr, "grange: %s: %s: %s\n",
                 workshop.store().store_dir().print(outputs.derivation).c_str(),
                 std::string(to_string(outputs.outcome)).c_str(), failure_text(outputs).c_str());
  }
  if (!options.no_link) link_results(workshop.store(), made);
  if (!summary.complete) {
    std::fprintf(stderr, "grange: the evaluation is incomplete: %s\n",
                 printable(summary.problem).c_str());
    return 3;
  }
  if (failed) return kExitFailed;
  return differs ? kExitNotDeterministic : kExitGood;
}

}  // namespace

void add_build_command(CLI::App& parent, Action& chosen) {
  auto* command =
      parent.add_subcommand("build", "Build targets or derivations and print their output paths");
  auto options = std::make_shared<BuildCommandOptions>();
  command
      ->add_option("derivations", options->derivations,
                   "Derivations and their outputs: DRV[^OUT,…]")
      ->type_name("DRV[^OUT,…]");
  add_selection_options(*command, options->selection);
  command
      ->add_option("--eval-store", options->selection.eval_store,
                   "Root of the eval store (default: in the state directory)")
      ->type_name("ROOT");
  command->add_flag("--no-link", options->no_link, "Make no ./result links");
  auto* check =
      command->add_flag("--check", options->check,
                        "Make outputs that are valid again and compare; nothing is replaced");
  command
      ->add_flag("--repair", options->repair,
                 "Replace outputs whose files are damaged or gone: fetched, or made again if that "
                 "gives what is registered")
      ->excludes(check);
  add_workshop_options(*command, options->workshop);
  command->footer(kBuildFooter);
  command->callback(
      [&chosen, options] { chosen = [options] { return run_build_command(*options); }; });
}

}  // namespace grange
