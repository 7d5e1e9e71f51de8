#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "schedule/fair_ready.h"

namespace grange {

// Each start puts its jobsets back, so that the order of what comes later depends on what starts
// first: it is tried out, on copies of the keys.

namespace {

bool place_goes_after(const LaneEntry& one, const LaneEntry& other) {
  return other.goes_before(one);
}

}  // namespace

std::optional<FairReady::Place> FairReady::place(StepId step) {
  const Entry* mine = find(step);
  if (mine == nullptr || mine->state != State::ready) return std::nullopt;
  struct Line {
    std::int64_t bump;
    std::uint32_t jobset;
    const double* key;
    std::vector<LaneEntry> heap;
  };
  std::map<std::pair<std::int64_t, std::uint32_t>, Line> by_line;
  std::unordered_map<std::uint32_t, double> keys;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& of = entries_[i];
    if (of.state != State::ready || of.of != mine->of) continue;
    for (const Requester& by : of.interest) {
      Line& line = by_line[{-by.bump, by.requester}];
      line.bump = by.bump;
      line.jobset = by.requester;
      line.heap.push_back({of.path, by.priority, of.age, StepId{static_cast<std::uint32_t>(i)}, 0});
      if (line.heap.size() > 1) continue;
      line.key = &keys.try_emplace(by.requester, jobset(by.requester).key).first->second;
    }
  }
  std::vector<Line*> lines;
  for (auto& [at, line] : by_line) {
    std::make_heap(line.heap.begin(), line.heap.end(), place_goes_after);
    lines.push_back(&line);
  }
  const unsigned cores = std::max(1U, slots_[mine->of].cores);
  const auto goes_before = [&](const Line& one, const Line& other) {
    if (one.bump != other.bump) return one.bump > other.bump;
    if (*one.key != *other.key) return *one.key < *other.key;
    return one.jobset < other.jobset;
  };
  Place place;
  std::unordered_set<StepId> gone;
  for (bool first = true; place.before < kMostBefore;) {
    Line& line = **std::min_element(
        lines.begin(), lines.end(),
        [&](const Line* one, const Line* other) { return goes_before(*one, *other); });
    const StepId next = line.heap.front().step;
    std::pop_heap(line.heap.begin(), line.heap.end(), place_goes_after);
    line.heap.pop_back();
    if (line.heap.empty()) std::erase(lines, &line);
    if (!gone.insert(next).second) continue;
    if (std::exchange(first, false)) {
      place.first = line.jobset;
      place.first_is_bumped = line.bump != 0;
    }
    place.jobset = line.jobset;
    if (next == step) break;
    ++place.before;
    const Entry& of = entries_[static_cast<std::size_t>(next)];
    const Seconds each = std::min<Seconds>(expected(of), UsageLedger::kWindow) * cores /
                         static_cast<double>(of.interest.size());
    for (const Requester& by : of.interest) {
      if (const double share = jobset(by.requester).share; share > 0) {
        keys.at(by.requester) += each.count() / share;
      }
    }
  }
  return place;
}

}  // namespace grange
