#pragma once

#include <cstdint>
#include <limits>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "plan/step_id.h"

namespace grange {

/// How much machine time each jobset used in the last day: cores × time of its attempts, divided
/// evenly among all jobsets that wanted the step while it ran. What lies before the day does not
/// count, and an attempt that began before it counts only from there on.
///
/// A running attempt counts at once for as long as it is expected to take, so that many starts in
/// one instant are spread as well, then for as long as it has taken; what it really took replaces
/// that when it ends. All sums are of integers and each is undone by the very numbers that made it:
/// nothing drifts, however long this runs.
///
/// Time is told, never read. When it is told to be earlier than before, no time has passed; it goes
/// on from there.
class UsageLedger {
 public:
  static constexpr std::chrono::hours kWindow{24};

  /// An attempt of earlier, as it was recorded.
  struct Past {
    std::vector<std::uint32_t> jobsets;  ///< that wanted it
    TimePoint from;
    TimePoint to;
    unsigned cores = 1;
  };

  void advance(TimePoint now);

  /// An attempt starts now. One per step at a time; expectations beyond the window are cut to it.
  void started(StepId step, std::span<const std::uint32_t> jobsets, unsigned cores,
               Seconds expected);
  /// From now on its time is divided among these.
  void change(StepId step, std::span<const std::uint32_t> jobsets);
  void ended(StepId step);
  /// From the record, when the farm starts: after the first `advance`.
  void add(const Past& past);

  /// The number of a jobset's account here.
  std::uint32_t account(std::uint32_t jobset);
  /// Core-seconds within the window, running attempts included.
  double used_by_account(std::uint32_t account) {
    Account& of = accounts_[account];
    settle(of);
    return core_seconds(of.past + of.promised + static_cast<Amount>(of.overdue) * now_ -
                        of.overdue_from);
  }
  double used(std::uint32_t jobset) { return used_by_account(account(jobset)); }
  /// Whose division of a running attempt it is.
  std::span<const std::uint32_t> jobsets(StepId step) const;
  std::size_t running() const { return running_.size(); }
  /// How many ends of intervals are kept: for tests of pruning.
  std::size_t kept() const;

 private:
  using Amount = __int128;            ///< microseconds × Rate
  using Rate = std::int64_t;          ///< cores × kScale
  using Microseconds = std::int64_t;  ///< since 1970, but for jumps back
  static constexpr Microseconds kWindowMicroseconds = std::chrono::microseconds(kWindow).count();

  /// From then on what leaves the window leaves it at a rate that differs by so much.
  struct Edge {
    Microseconds at;
    Rate change;
    friend bool operator>(const Edge& one, const Edge& other) { return one.at > other.at; }
  };
  struct Account {
    Amount past = 0;   ///< of intervals that have ended, from `settled` on
    Rate leaving = 0;  ///< of those that contain `settled`
    Microseconds next_edge = std::numeric_limits<Microseconds>::max();
    Microseconds settled = 0;  ///< where the window begins
    std::priority_queue<Edge, std::vector<Edge>, std::greater<>> edges;
    Amount promised = 0;      ///< of running ones that take no longer than expected, in full
    Rate overdue = 0;         ///< of the other running ones
    Amount overdue_from = 0;  ///< rate × begin, of these
  };
  /// It is accounted for in pieces: a piece ends when the division changes, when the attempt takes
  /// longer than expected, and at the latest after an hour, so that only what has ended ever leaves
  /// the window.
  struct Running {
    std::vector<std::uint32_t> jobsets;
    std::vector<std::uint32_t> accounts;  ///< of these
    unsigned cores = 1;
    Microseconds expected_end = 0;
    Microseconds piece_begin = 0;
    bool promised = false;  ///< the piece is
    std::uint64_t piece = 0;
  };
  struct PieceEnd {
    Microseconds at;
    StepId step;
    std::uint64_t piece;
    friend bool operator>(const PieceEnd& one, const PieceEnd& other) { return one.at > other.at; }
  };

  static double core_seconds(Amount amount);
  static Rate rate(unsigned cores, std::size_t jobsets);
  void settle(Account& account) const {
    const Microseconds begin = now_ - kWindowMicroseconds;
    if (begin >= account.next_edge) pass_edges(account, begin);
    account.past -= static_cast<Amount>(account.leaving) * (begin - account.settled);
    account.settled = begin;
  }
  void pass_edges(Account& account, Microseconds begin) const;
  void set_jobsets(Running& running, std::span<const std::uint32_t> jobsets);
  void add_interval(Account& account, Microseconds from, Microseconds to, Rate rate) const;
  void begin_piece(StepId step, Running& running);
  void end_piece(Running& running);

  bool any_time_ = false;
  Microseconds told_ = 0;  ///< last
  Microseconds lag_ = 0;   ///< how far time was told to go back, in all
  Microseconds now_ = 0;   ///< told_ + lag_: never goes back
  std::uint64_t pieces_ = 0;
  std::unordered_map<std::uint32_t, std::uint32_t> account_numbers_;  ///< by jobset
  std::vector<Account> accounts_;
  std::unordered_map<StepId, Running> running_;
  std::priority_queue<PieceEnd, std::vector<PieceEnd>, std::greater<>> piece_ends_;
};

}  // namespace grange
