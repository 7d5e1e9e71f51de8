#pragma once

#include <vector>

#include "plan/plan.h"
#include "plan/step.h"
#include "plan/step_table.h"

namespace grange {

/// The steps whose inputs are all there, best first: by priority, then by the owner's ranking, then
/// in the order in which they became known. Leaving costs nothing: an entry counts only while its
/// step is ready and holds its ticket.
class ReadyQueue {
 public:
  ReadyQueue(StepTable& steps, Plan::Ranking ranking)
      : steps_(steps), ranking_(std::move(ranking)) {}

  /// Also for one that is in the queue and whose priority has changed.
  void push(StepIndex step);
  /// Nothing when no step is ready.
  std::optional<StepIndex> pop();

 private:
  struct Entry {
    int priority;
    DerivationIndex recipe;
    StepIndex step;
    std::uint32_t ticket;
  };
  bool goes_after(const Entry& one, const Entry& other) const;

  StepTable& steps_;
  Plan::Ranking ranking_;
  std::vector<Entry> heap_;
};

}  // namespace grange
