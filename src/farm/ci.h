#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "build/realise.h"
#include "compare/compare.h"
#include "evaluate/evaluator.h"
#include "farm/base_choice.h"
#include "farm/ci_report.h"
#include "farm/map_publication.h"
#include "farm/workshop.h"
#include "process/process.h"
#include "record/record.h"
#include "store/store_reference.h"

namespace grange {

/// What a run makes again, to compare it with what is there.
enum class CheckScope {
  none,
  changed,  ///< what it has made
  all,      ///< every good target
};

struct CiOptions {
  Selection selection;
  EvaluateOptions evaluate;
  BaseChoice base;
  /// Evaluations of the selection that are older are forgotten before a base is chosen.
  std::optional<Seconds> keep_for;
  std::vector<MapPlace> publish;       ///< where the map of a clean work tree goes
  std::vector<StoreReference> caches;  ///< where the outputs of good targets go
  bool retry = false;                  ///< try known failures again
  CheckScope check = CheckScope::none;
  /// Try recipes of fixed outputs that were rewritten and never tried, though the outputs are
  /// there.
  bool check_sources = false;
  unsigned jobs = 1;
  StepLimits limits;  ///< for every step; a target's own (meta.timeout) are joined to it
};

/// Hears what a run is doing, for whoever watches. Calls come from the thread that runs it, but
/// `log` and `phase` come from builders' threads.
class CiObserver {
 public:
  virtual ~CiObserver() = default;
  virtual void evaluated(std::uint64_t targets, std::uint64_t errors) = 0;
  virtual void evaluation_error(const std::string& label, const std::string& error) = 0;
  /// Verdicts are known; `to_make` targets will be asked of the store and the builders.
  virtual void compared(const Comparison& comparison, std::size_t to_make) = 0;
  virtual void attempt_started(const StorePath& derivation, std::optional<double> expected) = 0;
  virtual void attempt_finished(const StorePath& derivation, const BuildResult& result) = 0;
  virtual void log(const StorePath& derivation, std::string_view data) = 0;
  virtual void phase(const StorePath& derivation, std::string_view name) = 0;
  virtual void progress(const Plan::Counts& counts) = 0;
};

/// The walk, once: evaluate → compare → plan → build → remember. What fails in a target is in the
/// report; thrown is only what stops the run as a whole.
CiReport run_ci(const CiOptions& options, Workshop& workshop, Evaluator& evaluator, Record& record,
                ProcessRunner& programs, const Clock& clock, CiObserver& observer,
                std::stop_token stop);

}  // namespace grange
