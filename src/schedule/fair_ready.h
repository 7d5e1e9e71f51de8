#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "plan/ready_steps.h"
#include "schedule/machine_slots.h"
#include "schedule/ready_lanes.h"
#include "schedule/usage_ledger.h"

namespace grange {

/// The farm's order: which ready step goes to which machine next. Pure: time, shares and machines
/// are told, equal events give equal answers. For the plan's owner thread.
///
/// For a free slot, among the steps that it can take: bumped ones first, the larger bump before
/// the smaller; then those of the jobset that used least for its share in the last day, running
/// attempts included; then by the jobset's own priority, the longest remaining path, age, and
/// number. Jobsets that used equally much for their shares go by number. A step that several
/// jobsets want stands in the line of each, and goes by the best of its places.
///
/// A jobset without anything that a free slot can take is not looked at. It saves up no more than a
/// day's share, since that is all that the ledger remembers.
class FairReady final : public ReadySteps {
 public:
  struct Owner {
    /// What a step asks of a machine; asked once per derivation.
    std::function<StepClass(DerivationIndex)> class_of;
    /// How many seconds an attempt will probably take; asked at its start.
    std::function<double(DerivationIndex)> expected_seconds;
  };
  explicit FairReady(Owner owner) : owner_(std::move(owner)) {}

  /// Shares are relative to each other; unless told otherwise a jobset has 1. One with none (or
  /// less) starts only what no other waits for.
  void set_share(std::uint32_t jobset, double share);
  void set_machines(std::vector<FarmMachine> machines);
  bool set_drained(std::uint32_t machine, bool drained);
  bool set_enabled(std::uint32_t machine, bool enabled);
  /// Time passes. Call it before the plan's events and decisions: cheap, except for once in a
  /// second of time, when all jobsets are put in order anew.
  void advance(TimePoint now);
  /// The step does not start before; for one that is ready, or will be.
  void hold(StepId step, TimePoint until);
  /// An attempt of earlier: for when the farm starts.
  void add_past(const UsageLedger::Past& past);

  // For the plan.
  void add(const ReadyStep& step) override;
  void change(const ReadyStep& step) override;
  void remove(StepId step) override;
  std::optional<StepId> take() override;
  void ended(StepId step) override;
  std::optional<StepId> drop() override;

  // What became of it.

  /// Of a step that was taken and has not ended.
  std::optional<std::uint32_t> machine_of(StepId step) const;
  /// Core-seconds of the last day.
  double used(std::uint32_t jobset) { return ledger_.used(jobset); }
  double share(std::uint32_t jobset) const;
  /// Whom its time is charged to while it runs: to be recorded with the attempt.
  std::span<const std::uint32_t> charged(StepId step) const { return ledger_.jobsets(step); }

  /// Where a step that is ready stands among those of its class.
  struct Place {
    /// How many start first if slots become free now, one after the other, and nothing else
    /// happens; at most kMostBefore.
    std::size_t before = 0;
    std::uint32_t jobset = 0;  ///< in whose line it will be taken
    std::uint32_t first = 0;   ///< in whose line the first of all is
    bool first_is_bumped = false;
  };
  static constexpr std::size_t kMostBefore = 1'000;
  /// Looks at all that is ready: for people who ask, not for each step.
  std::optional<Place> place(StepId step);
  /// A step that runs, as far as it is known how long it will still take.
  struct Busy {
    std::uint32_t machine = 0;
    std::optional<Seconds> left;
  };
  /// A step that is ready, in the order in which they start.
  struct Start {
    StepId step{};
    /// From now, if all takes as long as is expected; nothing where too little is known of what
    /// goes before: slots whose steps nobody knows the end of count as taken for good.
    std::optional<Seconds> in;
  };
  /// Those that start first if nothing else becomes ready, at most `most`; without those that no
  /// usable machine could make. Looks at all that is ready: for people who ask.
  std::vector<Start> order(std::span<const Busy> busy, std::size_t most);
  std::optional<TimePoint> held_until(StepId step) const;
  std::optional<StepClassId> class_of(StepId step) const;
  const MachineSlots& machines() const { return slots_; }
  std::size_t ready() const { return ready_; }

 private:
  enum class State : std::uint8_t { away, ready, held, running };
  struct Entry {
    std::span<const Requester> interest;
    double path = 0;
    DerivationIndex recipe = 0;
    std::uint32_t age = 0;
    std::uint32_t ticket = 0;   ///< of its entries in lanes
    std::uint32_t machine = 0;  ///< while it runs
    StepClassId of{};
    State state = State::away;
  };
  struct Held {
    TimePoint until;
    StepId step;
    friend bool operator>(const Held& one, const Held& other) {
      return std::tie(one.until, one.step) > std::tie(other.until, other.step);
    }
  };

  Entry& entry(StepId step);
  const Entry* find(StepId step) const;
  StepClassId class_for(DerivationIndex recipe);
  JobsetOrder& jobset(std::uint32_t number);
  void line_up(StepId step, Entry& entry);
  void leave(Entry& entry);
  void start(StepId step, Entry& entry);
  Seconds expected(const Entry& entry) const;
  void update_key(std::uint32_t number);
  void refresh();
  bool is_current(const LaneEntry& entry) const;

  Owner owner_;
  UsageLedger ledger_;
  MachineSlots slots_;
  std::deque<Entry> entries_;                               ///< by step
  std::vector<std::optional<StepClassId>> class_ids_;       ///< by derivation
  std::unordered_map<std::uint32_t, JobsetOrder> jobsets_;  ///< by number
  std::vector<ClassLanes> lanes_;                           ///< by class
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  std::map<StepId, TimePoint> holds_;  ///< not over yet
  std::size_t ready_ = 0;              ///< in lanes
  std::size_t drop_from_ = 0;          ///< no step before is ready or held
  std::optional<TimePoint> now_;
  std::optional<TimePoint> refreshed_;
};

}  // namespace grange
