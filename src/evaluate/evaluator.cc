#include "evaluate/evaluator.h"

#include <unistd.h>

#include "base/text.h"
#include "evaluate/eval_jobs.h"
#include "evaluate/nix_walk.h"

namespace grange {
namespace {

/// Is there such a program: a path, or a name in PATH?
bool is_installed(const std::string& program) {
  if (program.empty()) return false;
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  if (path == nullptr) return false;
  for (const auto directory : split(path, ':')) {
    const auto candidate = std::filesystem::path(directory) / program;
    if (::access(candidate.c_str(), X_OK) == 0) return true;
  }
  return false;
}

class NixEvaluator final : public Evaluator {
 public:
  explicit NixEvaluator(const Clock& clock) : clock_(clock) {}

  EvaluationSummary evaluate(const Selection& selection, const EvaluateOptions& options,
                             TargetSink& sink, std::stop_token stop) override {
    if (is_installed(options.nix_eval_jobs_program)) {
      return EvalJobs(selection, options, clock_, sink, std::move(stop)).run();
    }
    return NixWalk(selection, options, clock_, sink, std::move(stop)).run();
  }

 private:
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Evaluator> make_nix_evaluator(const Clock& clock) {
  return std::make_unique<NixEvaluator>(clock);
}

}  // namespace grange
