#include "schedule/ready_lanes.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace grange {
namespace {

/// So many entries that count no more are kept in any case.
constexpr std::size_t kStaleKept = 64;

bool lane_entry_goes_after(const LaneEntry& one, const LaneEntry& other) {
  return other.goes_before(one);
}

}  // namespace

void Level::sift_up(std::size_t at) {
  const Ranked ranked = order[at];
  while (at > 0) {
    const std::size_t above = (at - 1) / 2;
    if (!ranked.goes_before(order[above])) break;
    put(at, order[above]);
    at = above;
  }
  put(at, ranked);
}

void Level::sift_down(std::size_t at) {
  const Ranked ranked = order[at];
  for (;;) {
    std::size_t below = 2 * at + 1;
    if (below >= order.size()) break;
    if (below + 1 < order.size() && order[below + 1].goes_before(order[below])) ++below;
    if (!order[below].goes_before(ranked)) break;
    put(at, order[below]);
    at = below;
  }
  put(at, ranked);
}

void Level::insert(Lane& lane) {
  order.push_back({lane.jobset->key, lane.jobset->number, &lane, lane.jobset});
  sift_up(order.size() - 1);
}

void Level::erase(Lane& lane) {
  const std::size_t at = lane.place;
  const Ranked last = order.back();
  order.pop_back();
  if (last.lane == &lane) return;
  put(at, last);
  update(*last.lane);
}

void Level::update(Lane& lane) {
  order[lane.place].key = lane.jobset->key;
  sift_up(lane.place);
  sift_down(lane.place);
}

void Level::rebuild() {
  for (Ranked& ranked : order) ranked.key = ranked.of->key;
  for (std::size_t at = order.size() / 2; at-- > 0;) sift_down(at);
}

void ClassLanes::push(JobsetOrder& jobset, std::int64_t bump, const LaneEntry& entry,
                      const IsCurrent& is_current) {
  Level& level = levels_[bump];
  Lane& lane = level.lanes[jobset.number];
  if (lane.live++ == 0) {
    lane.jobset = &jobset;
    lane.level = &level;
    lane.place_in_jobset = jobset.lanes.size();
    jobset.lanes.push_back(&lane);
    level.insert(lane);
  }
  if (lane.heap.size() > 2 * lane.live + kStaleKept) {
    std::erase_if(lane.heap, [&](const LaneEntry& one) { return !is_current(one); });
    std::make_heap(lane.heap.begin(), lane.heap.end(), lane_entry_goes_after);
  }
  lane.heap.push_back(entry);
  std::push_heap(lane.heap.begin(), lane.heap.end(), lane_entry_goes_after);
}

void ClassLanes::leave(std::uint32_t jobset, std::int64_t bump) {
  const auto at = levels_.find(bump);
  GRANGE_CHECK(at != levels_.end());
  Level& level = at->second;
  const auto found = level.lanes.find(jobset);
  GRANGE_CHECK(found != level.lanes.end());
  Lane& lane = found->second;
  if (--lane.live > 0) return;
  auto& lanes = lane.jobset->lanes;
  lanes[lane.place_in_jobset] = lanes.back();
  lanes[lane.place_in_jobset]->place_in_jobset = lane.place_in_jobset;
  lanes.pop_back();
  level.erase(lane);
  level.lanes.erase(found);
  if (level.order.empty()) levels_.erase(at);
}

bool ClassLanes::First::goes_before(const First& other) const {
  if (bump != other.bump) return bump > other.bump;
  if (jobset->key != other.jobset->key) return jobset->key < other.jobset->key;
  if (jobset->number != other.jobset->number) return jobset->number < other.jobset->number;
  return entry.goes_before(other.entry);
}

ClassLanes::First ClassLanes::first(const IsCurrent& is_current) {
  const auto& [bump, level] = *levels_.begin();
  Lane& lane = *level.order.front().lane;
  while (!is_current(lane.heap.front())) {
    std::pop_heap(lane.heap.begin(), lane.heap.end(), lane_entry_goes_after);
    lane.heap.pop_back();
  }
  return {bump, lane.jobset, lane.heap.front()};
}

void ClassLanes::rebuild() {
  for (auto& [bump, level] : levels_) level.rebuild();
}

}  // namespace grange
