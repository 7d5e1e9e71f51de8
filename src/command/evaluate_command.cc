#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/selection_options.h"
#include "command/state_directory.h"
#include "evaluate/evaluator.h"

namespace grange {
namespace {

constexpr int kExitIncomplete = 3;

constexpr const char* kEvaluateFooter = R"(
Prints one JSON object per line, in the order in which things are found:
  {"label":…,"attrPath":[…],"drvPath":…,"name":…,"system":…,"outputs":{NAME:PATH or null},"meta":{…}}
      aggregates also have "constituents": labels and .drv paths
  {"label":…,"attrPath":[…],"error":…}
and last, always, {"complete":true,"targets":N,"errors":M}, or "complete":false and a "problem".
What expressions trace goes to standard error.

Examples:
  grange evaluate                                       everything in ./default.nix
  grange evaluate -f pkgs.nix -A hello -A tools         two attributes and what is below them
  grange evaluate -E 'import ./. { debug = true; }'     an expression
  grange evaluate --workers 4 --max-memory 2048 | jq -r 'select(.drvPath) | .label'

Exit codes:
  0 complete, no errors · 1 complete, some targets cannot be evaluated · 3 incomplete
  64 usage · 65 the selection as a whole cannot be evaluated · 66 no such file or no nix
  70 internal · 75 try again · 130 interrupted)";

void print_line(const nlohmann::ordered_json& json) {
  const auto text =
      json.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace) + "\n";
  // Whoever reads along may start on a target while others are evaluated.
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw_errno("writing to standard output");
  }
}

class Printer final : public TargetSink {
 public:
  void target(EvaluatedTarget target) override {
    ++targets_;
    nlohmann::ordered_json json;
    json["label"] = target.label;
    json["attrPath"] = target.attr_path;
    json["drvPath"] = store_dir_.print(target.derivation);
    json["name"] = target.name;
    json["system"] = target.system;
    auto& outputs = json["outputs"] = nlohmann::ordered_json::object();
    for (const auto& [name, path] : target.outputs) {
      outputs[name] = path ? nlohmann::ordered_json(store_dir_.print(*path)) : nullptr;
    }
    json["meta"] = nlohmann::ordered_json::parse(target.meta_json);
    if (!target.constituents.empty()) json["constituents"] = target.constituents;
    print_line(json);
  }

  void error(EvaluationError error) override {
    ++errors_;
    nlohmann::ordered_json json;
    json["label"] = error.label;
    json["attrPath"] = error.attr_path;
    json["error"] = error.error;
    print_line(json);
  }

  void message(std::string_view text) override {
    std::fprintf(stderr, "%s\n", printable(text).c_str());
  }

  void end(bool complete, const std::string& problem) const {
    nlohmann::ordered_json json;
    json["complete"] = complete;
    json["targets"] = targets_;
    json["errors"] = errors_;
    if (!complete) json["problem"] = problem;
    print_line(json);
  }

  bool has_errors() const { return errors_ > 0; }

 private:
  StoreDir store_dir_ = StoreDir::nix();
  std::uint64_t targets_ = 0;
  std::uint64_t errors_ = 0;
};

int run_evaluate_command(const SelectionOptions& options) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  Printer printer;
  EvaluationSummary summary;
  try {
    summary = make_nix_evaluator(clock)->evaluate(
        selection_of(options), evaluate_options_of(options), printer, interrupt.token());
  } catch (const Error& error) {
    printer.end(false, error.message());
    throw;
  }
  printer.end(summary.complete, summary.problem);
  if (!summary.complete) {
    std::fprintf(stderr, "grange: the evaluation is incomplete: %s\n",
                 printable(summary.problem).c_str());
    return kExitIncomplete;
  }
  return printer.has_errors() ? kExitFailed : kExitGood;
}

}  // namespace

void add_evaluate_command(CLI::App& parent, Action& chosen) {
  auto* command =
      parent.add_subcommand("evaluate", "Print the targets of a selection as JSON lines");
  auto options = std::make_shared<SelectionOptions>();
  add_selection_options(*command, *options);
  command
      ->add_option("--eval-store", options->eval_store,
                   "Root of the store where .drv files go (default: in the state directory)")
      ->type_name("ROOT");
  command->footer(kEvaluateFooter);
  command->callback(
      [options, &chosen] { chosen = [options] { return run_evaluate_command(*options); }; });
}

}  // namespace grange
