#include "farm/target_reports.h"

#include <string>

#include "build/build_report.h"

namespace grange {

TargetReports::TargetReports(LocalStore& store, const DerivationGraph& graph,
                             const std::vector<AttemptReport>& attempts,
                             const std::stop_token& stop)
    : store_(store), graph_(graph), stop_(stop) {
  for (const auto& attempt : attempts) {
    for (const auto& [name, path] : attempt.result.outputs) {
      by_output_.insert_or_assign(path, &attempt.result.report);
    }
  }
}

BuildReport TargetReports::of(DerivationIndex derivation,
                              const std::map<std::string, StorePath>& outputs) const {
  for (const auto& [name, path] : outputs) {
    const auto found = by_output_.find(path);
    if (found != by_output_.end()) return *found->second;
  }
  return read_build_report(store_, outputs, graph_.path(derivation).derivation_name(),
                           ProductHashes::leave_out, stop_);
}

void apply_report(const BuildReport& report, Outcome& outcome, std::string& message) {
  if (outcome != Outcome::good || !report.failed_output) return;
  outcome = Outcome::failed_with_output;
  message = failed_output_message(*report.failed_output);
}

}  // namespace grange
