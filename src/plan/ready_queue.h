#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plan/ready_steps.h"

namespace grange {

/// The order of one process: best first by the priority of the limits, then by the owner's ranking,
/// then in the order in which steps became known; so many at once as there are slots. Leaving costs
/// nothing: an entry counts only while its step holds its ticket.
class ReadyQueue final : public ReadySteps {
 public:
  using Ranking = std::function<bool(DerivationIndex, DerivationIndex)>;

  ReadyQueue(unsigned slots, Ranking ranking) : slots_(slots), ranking_(std::move(ranking)) {}

  void set_slots(unsigned slots) { slots_ = slots; }

  void add(const ReadyStep& step) override;
  void change(const ReadyStep& step) override;
  void remove(StepId step) override;
  std::optional<StepId> take() override;
  void ended(StepId step) override;
  std::optional<StepId> drop() override;

 private:
  struct Entry {
    int priority;
    DerivationIndex recipe;
    StepId step;
    std::uint32_t ticket;
  };
  struct Place {
    std::uint32_t ticket = 0;
    int priority = 0;
    bool ready = false;
  };
  bool goes_after(const Entry& one, const Entry& other) const;
  Place& place(StepId step);
  void push(const ReadyStep& step);

  unsigned slots_;
  unsigned running_ = 0;
  Ranking ranking_;
  std::vector<Entry> heap_;
  std::vector<Place> places_;  ///< by step
};

}  // namespace grange
