#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "schedule/fair_ready.h"

namespace grange {
namespace {

bool order_goes_after(const LaneEntry& one, const LaneEntry& other) {
  return other.goes_before(one);
}

/// When the slots of the machines become free, as far as anybody knows.
class SlotTimes {
 public:
  SlotTimes(const MachineSlots& slots, std::span<const FairReady::Busy> busy) : slots_(slots) {
    for (const auto& machine : slots.machines()) {
      if (!machine.enabled || machine.drained) continue;
      auto& times = times_[machine.id];
      const auto occupied = std::min(machine.slots, slots.occupied(machine.id));
      times.assign(machine.slots - occupied, Seconds(0));
    }
    for (const auto& one : busy) {
      const auto found = times_.find(one.machine);
      if (found != times_.end() && one.left) found->second.push_back(*one.left);
    }
  }

  bool is_usable(StepClassId of) {
    const auto [found, is_new] = usable_.try_emplace(of, false);
    if (is_new) {
      found->second = std::any_of(times_.begin(), times_.end(), [&](const auto& one) {
        return MachineSlots::suits(*slots_.machine(one.first), slots_[of]);
      });
    }
    return found->second;
  }

  /// Takes the first slot that becomes free, for so long (nothing: for good).
  std::optional<Seconds> take(StepClassId of, std::optional<Seconds> expected) {
    Seconds* first = nullptr;
    std::uint32_t on = 0;
    for (auto& [id, times] : times_) {
      if (times.empty() || !MachineSlots::suits(*slots_.machine(id), slots_[of])) continue;
      auto& least = *std::min_element(times.begin(), times.end());
      if (first != nullptr && *first <= least) continue;
      first = &least;
      on = id;
    }
    if (first == nullptr) return std::nullopt;
    const auto start = *first;
    if (expected) {
      *first += *expected / slots_.machine(on)->speed;
    } else {
      auto& times = times_[on];
      times.erase(times.begin() + (first - times.data()));
    }
    return start;
  }

 private:
  const MachineSlots& slots_;
  std::map<std::uint32_t, std::vector<Seconds>> times_;  ///< by usable machine
  std::map<StepClassId, bool> usable_;
};

}  // namespace

std::vector<FairReady::Start> FairReady::order(std::span<const Busy> busy, std::size_t most) {
  struct Line {
    std::int64_t bump = 0;
    std::uint32_t jobset = 0;
    double* key = nullptr;
    std::vector<LaneEntry> heap;
  };
  SlotTimes times(slots_, busy);
  std::map<std::pair<std::int64_t, std::uint32_t>, Line> by_line;
  std::unordered_map<std::uint32_t, double> keys;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& of = entries_[i];
    if (of.state != State::ready || !times.is_usable(of.of)) continue;
    for (const Requester& by : of.interest) {
      Line& line = by_line[{-by.bump, by.requester}];
      line.bump = by.bump;
      line.jobset = by.requester;
      line.heap.push_back({of.path, by.priority, of.age, StepId{static_cast<std::uint32_t>(i)}, 0});
      if (line.key != nullptr) continue;
      line.key = &keys.try_emplace(by.requester, jobset(by.requester).key).first->second;
    }
  }
  std::vector<Line*> lines;
  for (auto& [at, line] : by_line) {
    std::make_heap(line.heap.begin(), line.heap.end(), order_goes_after);
    lines.push_back(&line);
  }
  const auto goes_before = [](const Line* one, const Line* other) {
    if (one->bump != other->bump) return one->bump > other->bump;
    if (*one->key != *other->key) return *one->key < *other->key;
    return one->jobset < other->jobset;
  };
  std::vector<Start> order;
  std::unordered_set<StepId> gone;
  while (!lines.empty() && order.size() < most) {
    const auto at = std::min_element(lines.begin(), lines.end(), goes_before);
    Line& line = **at;
    const StepId next = line.heap.front().step;
    std::pop_heap(line.heap.begin(), line.heap.end(), order_goes_after);
    line.heap.pop_back();
    if (line.heap.empty()) lines.erase(at);
    if (!gone.insert(next).second) continue;
    const Entry& of = entries_[static_cast<std::size_t>(next)];
    const double seconds = owner_.expected_seconds(of.recipe);
    const auto known = seconds > 0 ? std::optional(Seconds(seconds)) : std::nullopt;
    order.push_back({next, times.take(of.of, known)});
    // Its start puts its jobsets back.
    const unsigned cores = std::max(1U, slots_[of.of].cores);
    const Seconds each = std::min<Seconds>(expected(of), UsageLedger::kWindow) * cores /
                         static_cast<double>(of.interest.size());
    for (const Requester& by : of.interest) {
      if (const double share = jobset(by.requester).share; share > 0) {
        keys.at(by.requester) += each.count() / share;
      }
    }
  }
  return order;
}

}  // namespace grange
