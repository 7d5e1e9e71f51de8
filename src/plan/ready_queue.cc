#include "plan/ready_queue.h"

#include <algorithm>

namespace grange {

bool ReadyQueue::goes_after(const Entry& one, const Entry& other) const {
  if (one.priority != other.priority) return one.priority < other.priority;
  if (ranking_) {
    if (ranking_(other.recipe, one.recipe)) return true;
    if (ranking_(one.recipe, other.recipe)) return false;
  }
  return one.step > other.step;
}

void ReadyQueue::push(StepIndex index) {
  Step& step = steps_[index];
  heap_.push_back({step.limits.priority, step.recipe, index, ++step.ready_ticket});
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Entry& one, const Entry& other) { return goes_after(one, other); });
}

std::optional<StepIndex> ReadyQueue::pop() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(),
                  [this](const Entry& one, const Entry& other) { return goes_after(one, other); });
    const Entry entry = heap_.back();
    heap_.pop_back();
    const Step& step = steps_[entry.step];
    if (step.phase == Phase::ready && step.ready_ticket == entry.ticket) return entry.step;
  }
  return std::nullopt;
}

}  // namespace grange
