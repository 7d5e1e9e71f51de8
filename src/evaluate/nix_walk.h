#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "evaluate/aggregate_recipe.h"
#include "evaluate/constituent_sink.h"
#include "evaluate/derivation_facts.h"
#include "evaluate/evaluation_space.h"
#include "evaluate/evaluator.h"
#include "evaluate/walk_queue.h"
#include "evaluate/walk_worker.h"

namespace grange {

/// One evaluation with plain nix: hands the attributes of a selection to evaluator processes,
/// watches their memory and time, and finds out whom to blame when one dies. One thread, one poll
/// loop.
///
/// An attribute is blamed at once for what happens again by itself: an error of nix, a stack
/// overflow, its time limit. For too much memory only when its process did nothing else before; for
/// a process that somebody killed after kMostDeaths of them.
class NixWalk final : private WalkListener {
 public:
  static constexpr unsigned kMostDeaths = 3;

  /// Throws NotFoundError and InvalidError as Evaluator::evaluate does.
  NixWalk(const Selection& selection, const EvaluateOptions& options, const Clock& clock,
          TargetSink& sink, std::stop_token stop);
  ~NixWalk() override;

  EvaluationSummary run();

 private:
  using Workers = std::vector<std::unique_ptr<WalkWorker>>;

  void visited(const WalkSet& set, std::size_t index, const WalkerReport& report) override;
  void failed(const WalkSet& set, std::size_t index, std::string message) override;
  void said(std::string_view line) override;
  void add_target(std::vector<std::string> attr_path, const WalkerReport& report);
  void join(EvaluatedTarget& target, const std::vector<StorePath>& constituents);
  void add_set(std::vector<std::string> attr_path, std::vector<std::string> members);

  bool finished() const;
  void start_worker();
  void start_missing_workers();
  bool another_worker_pays() const;
  void hand_out();
  bool give_work(WalkWorker& worker);
  void adapt_batch(const WalkWorker& worker);
  void wait_for_news();
  void pump(WalkWorker& worker);
  void check_limits();
  /// Takes the worker out; `worker` is no more afterwards.
  void bury(WalkWorker& worker);
  /// The selection as a whole cannot be evaluated.
  [[noreturn]] void refuse(const std::string& message) const;
  void judge_opening(WalkWorker& worker, const ExitStatus& status);
  void judge_member(WalkWorker& worker, const ExitStatus& status);
  /// Lets it end by itself.
  void dismiss(WalkWorker& worker);
  void await_dismissed();
  std::unique_ptr<WalkWorker> take_out(WalkWorker& worker);

  const EvaluateOptions& options_;
  const Clock& clock_;
  std::stop_token stop_;
  FileDescriptor stop_event_;
  std::string title_;
  std::vector<std::string> selection_arguments_;
  EvaluationSpace space_;
  DerivationFacts facts_;
  AggregateRecipe aggregates_;
  ConstituentSink sink_;

  WalkQueue queue_;
  Workers workers_;
  Workers dismissed_;
  std::size_t most_workers_;
  std::size_t batch_limit_;
  unsigned openings_failed_ = 0;  ///< in a row
  std::uint64_t visited_ = 0;
  Seconds opening_time_{0};  ///< of the first worker
  MonotonicTime began_;
  MonotonicTime checked_;
  MonotonicTime last_start_;
  std::string problem_;
};

}  // namespace grange
