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

ReadyQueue::Place& ReadyQueue::place(StepId step) {
  const auto index = static_cast<std::size_t>(step);
  if (index >= places_.size()) places_.resize(index + 1);
  return places_[index];
}

void ReadyQueue::push(const ReadyStep& step) {
  Place& at = place(step.step);
  at.priority = step.limits.priority;
  at.ready = true;
  heap_.push_back({at.priority, step.recipe, step.step, ++at.ticket});
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Entry& one, const Entry& other) { return goes_after(one, other); });
}

void ReadyQueue::add(const ReadyStep& step) {
  push(step);
}

void ReadyQueue::change(const ReadyStep& step) {
  const Place& at = place(step.step);
  if (at.ready && at.priority != step.limits.priority) push(step);
}

void ReadyQueue::remove(StepId step) {
  place(step).ready = false;
}

std::optional<StepId> ReadyQueue::take() {
  if (running_ >= slots_) return std::nullopt;
  const auto next = drop();
  if (next) ++running_;
  return next;
}

void ReadyQueue::ended(StepId) {
  --running_;
}

std::optional<StepId> ReadyQueue::drop() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(),
                  [this](const Entry& one, const Entry& other) { return goes_after(one, other); });
    const Entry entry = heap_.back();
    heap_.pop_back();
    Place& at = place(entry.step);
    if (!at.ready || at.ticket != entry.ticket) continue;
    at.ready = false;
    return entry.step;
  }
  return std::nullopt;
}

}  // namespace grange
