#include "evaluate/walk_queue.h"

#include <algorithm>
#include <utility>

namespace grange {

std::vector<std::string> WalkSet::attr_path(std::size_t index) const {
  if (is_selection()) return selected.at(index);
  auto whole = path;
  whole.push_back(names.at(index));
  return whole;
}

void WalkQueue::add(std::shared_ptr<const WalkSet> set) {
  const std::size_t size = set->size();
  if (size == 0) return;
  waiting_ += size;
  added_ += size;
  batches_.push_back({std::move(set), 0, size, 0});
}

void WalkQueue::put_back(WalkBatch batch) {
  if (batch.count == 0) return;
  waiting_ += batch.count;
  batches_.push_front(std::move(batch));
}

void WalkQueue::add_retry(WalkBatch batch) {
  retries_.push_back(std::move(batch));
}

std::optional<WalkBatch> WalkQueue::take(std::size_t limit) {
  if (batches_.empty()) return std::nullopt;
  auto& front = batches_.front();
  if (front.set->is_selection()) limit = 1;
  WalkBatch batch = front;
  batch.count = std::min(std::max<std::size_t>(limit, 1), front.count);
  front.first += batch.count;
  front.count -= batch.count;
  if (front.count == 0) batches_.pop_front();
  waiting_ -= batch.count;
  return batch;
}

std::optional<WalkBatch> WalkQueue::take_retry() {
  if (retries_.empty()) return std::nullopt;
  WalkBatch batch = std::move(retries_.front());
  retries_.pop_front();
  return batch;
}

}  // namespace grange
