#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "plan/step_id.h"

namespace grange {

struct Lane;

/// A jobset, as far as it has something ready.
struct JobsetOrder {
  std::uint32_t number = 0;
  double share = 1;
  std::uint32_t account = 0;  ///< in the ledger
  double key = 0;             ///< used / share: less goes first
  std::vector<Lane*> lanes;   ///< in no order
};

/// A place in the line of one jobset. It counts only while its step holds its ticket.
struct LaneEntry {
  double path;
  int priority;
  std::uint32_t age;
  StepId step;
  std::uint32_t ticket;

  bool goes_before(const LaneEntry& other) const {
    if (priority != other.priority) return priority > other.priority;
    if (path != other.path) return path > other.path;
    if (age != other.age) return age < other.age;
    return step < other.step;
  }
};

struct Level;

/// The line of one jobset, for one class of steps and one bump: a heap with entries that count no
/// more in it.
struct Lane {
  JobsetOrder* jobset = nullptr;
  Level* level = nullptr;
  std::size_t place = 0;            ///< in the level's order
  std::size_t place_in_jobset = 0;  ///< in its lanes
  std::size_t live = 0;             ///< entries that count
  std::vector<LaneEntry> heap;
};

/// The lanes of one class and bump, least key first: an indexed heap. Only lanes with something in
/// them.
struct Level {
  std::unordered_map<std::uint32_t, Lane> lanes;  ///< by jobset
  struct Ranked {
    double key;
    std::uint32_t jobset;
    Lane* lane;
    const JobsetOrder* of;  ///< the lane's
    bool goes_before(const Ranked& other) const {
      return key != other.key ? key < other.key : jobset < other.jobset;
    }
  };
  std::vector<Ranked> order;

  void insert(Lane& lane);
  void erase(Lane& lane);
  /// The key of its jobset has changed.
  void update(Lane& lane);
  /// The keys of many have.
  void rebuild();

 private:
  void put(std::size_t at, const Ranked& ranked) {
    order[at] = ranked;
    ranked.lane->place = at;
  }
  void sift_up(std::size_t at);
  void sift_down(std::size_t at);
};

/// What waits for one class of slots: by bump, then by jobset.
class ClassLanes {
 public:
  using IsCurrent = std::function<bool(const LaneEntry&)>;

  void push(JobsetOrder& jobset, std::int64_t bump, const LaneEntry& entry,
            const IsCurrent& is_current);
  /// One entry of that lane counts no more.
  void leave(std::uint32_t jobset, std::int64_t bump);
  bool empty() const { return levels_.empty(); }

  struct First {
    std::int64_t bump;
    const JobsetOrder* jobset;
    LaneEntry entry;
    bool goes_before(const First& other) const;
  };
  /// Not when empty.
  First first(const IsCurrent& is_current);
  void rebuild();

 private:
  std::map<std::int64_t, Level, std::greater<>> levels_;  ///< none empty
};

}  // namespace grange
