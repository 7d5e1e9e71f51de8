#pragma once

#include <functional>
#include <vector>

#include "build/realise.h"
#include "farm/ci.h"

namespace grange {

/// Hears a realisation and writes it down: attempts into the record in groups (at most a second
/// behind), into the report, and on to whoever watches. Attempts are those of `policy` and, where
/// they only check, of the same in mode check.
class AttemptLog final : public RealiseObserver {
 public:
  AttemptLog(const DerivationGraph& graph, Record& record, const Clock& clock, BuildPolicy policy,
             CiObserver& observer, std::vector<AttemptReport>& reports);

  void attempt_started(DerivationIndex recipe) override;
  void attempt_finished(DerivationIndex recipe, const BuildResult& result) override;
  void cut_off(DerivationIndex recipe, const ResolvedAs& as) override;
  void conflict(const RealisationConflict& conflict) override;
  void log(DerivationIndex recipe, std::string_view data) override;
  void phase(DerivationIndex recipe, std::string_view name) override;
  void want_finished(std::size_t, const Plan::Finished&) override {}
  void progress(const Plan::Counts& counts) override;

  /// What RealiseOptions asks for: earlier lasting failures from the record.
  std::function<std::optional<BuildResult>(const TriedRecipe&, const BuildPolicy&)>
  known_failures();
  /// Writes what is still pending.
  void flush();
  /// Steps whose outputs were there.
  std::size_t present() const { return present_; }
  /// Steps that were cut off, and the seconds that making them took when they were made (of those
  /// that this record knows).
  CutOff cut_off() const;
  const std::vector<RealisationConflict>& conflicts() const { return conflicts_; }

 private:
  const DerivationGraph& graph_;
  Record& record_;
  const Clock& clock_;
  std::string policy_;
  std::string check_policy_;
  CiObserver& observer_;
  std::vector<AttemptReport>& reports_;
  std::vector<AttemptRecord> pending_;
  MonotonicTime last_flush_;
  std::size_t present_ = 0;
  std::vector<DurationQuery> cut_off_;
  std::vector<RealisationConflict> conflicts_;
  std::size_t written_conflicts_ = 0;
};

}  // namespace grange
