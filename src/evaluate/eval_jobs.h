#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "evaluate/constituent_sink.h"
#include "evaluate/derivation_facts.h"
#include "evaluate/evaluation_space.h"
#include "evaluate/evaluator.h"
#include "evaluate/line_buffer.h"
#include "process/process.h"

namespace grange {

/// One evaluation with nix-eval-jobs (version 2.25 or later), which walks on its own and prints a
/// JSON object per attribute. It ends its whole run when one of its workers crashes, and says
/// nothing at its end: only exit code 0 makes the evaluation complete.
class EvalJobs {
 public:
  EvalJobs(const Selection& selection, const EvaluateOptions& options, const Clock& clock,
           TargetSink& sink, std::stop_token stop);

  EvaluationSummary run();

 private:
  struct Streams;

  ChildProcess start(Streams& streams) const;
  void take_line(std::string_view line);
  void take_noise(std::string_view line);
  void wait_for_output(const Streams& streams, int end) const;
  EvaluationSummary conclude(const ExitStatus& status);

  const EvaluateOptions& options_;
  const Clock& clock_;
  std::stop_token stop_;
  std::string title_;
  EvaluationSpace space_;
  std::vector<std::string> arguments_;
  DerivationFacts facts_;
  ConstituentSink sink_;
  std::string noise_;
  std::string problem_;
};

}  // namespace grange
