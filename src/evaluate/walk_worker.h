#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "evaluate/walk_queue.h"
#include "evaluate/walker_process.h"
#include "evaluate/walker_protocol.h"

namespace grange {

/// What workers tell the walk.
class WalkListener {
 public:
  virtual ~WalkListener() = default;
  /// A member was visited. `report` is a set, a derivation (with `meta_json`) or something else.
  virtual void visited(const WalkSet& set, std::size_t index, const WalkerReport& report) = 0;
  virtual void failed(const WalkSet& set, std::size_t index, std::string message) = 0;
  virtual void said(std::string_view line) = 0;
};

/// An evaluator process and the batch that it is working off: turns its lines into what became of
/// each member. Whom to blame when the process dies is the walk's affair.
class WalkWorker {
 public:
  enum class Phase { opening, idle, busy, broken };
  /// Why we ended the process ourselves.
  enum class Ended { by_itself, memory, timeout, overflow, confused };

  /// `walker_file` is left out of error messages. Sends the opening command.
  WalkWorker(WalkerProcess process, std::string walker_file, MonotonicTime now);

  Phase phase() const { return phase_; }
  WalkerProcess& process() { return process_; }

  /// The phase must be idle.
  void give(WalkBatch batch, MonotonicTime now);
  /// Reads what is there and tells `listener`. False when nothing more could be read.
  bool pump(WalkListener& listener, MonotonicTime now);

  /// What of the batch was not visited; its first member is the one in progress while busy.
  const std::optional<WalkBatch>& rest() const { return rest_; }
  std::optional<WalkBatch> take_rest() { return std::exchange(rest_, std::nullopt); }
  /// The process has died: a derivation whose meta it died over still counts.
  void settle(WalkListener& listener);

  /// Why the root cannot be evaluated, once the phase is broken.
  const std::string& open_error() const { return open_error_; }
  /// The error of nix since the last report; empty when there is none.
  std::string message() const;
  /// The last line that was no report, for a process that ended without an error of nix.
  std::string last_words() const;

  /// No member was visited by this process yet.
  bool is_fresh() const { return visited_ == 0; }
  std::uint64_t visited() const { return visited_; }
  MonotonicTime started() const { return started_; }
  MonotonicTime opened() const { return opened_; }
  /// When the batch was given.
  MonotonicTime given() const { return given_; }
  /// Since when it has been at the same member (or at opening).
  MonotonicTime waiting_since() const { return waiting_since_; }
  /// It waits for something else than itself.
  void excuse(MonotonicTime now) { waiting_since_ = now; }

  void end(Ended reason);
  Ended ended() const { return ended_; }

 private:
  void send(const std::string& command);
  void take_report(WalkListener& listener, const WalkerReport& report);
  void take_noise(WalkListener& listener, std::string_view line);
  void take_done(WalkListener& listener);
  void finish_member(WalkListener& listener, const WalkerReport& report);
  void advance();

  WalkerProcess process_;
  std::string walker_file_;
  Phase phase_ = Phase::opening;
  Ended ended_ = Ended::by_itself;
  std::uint64_t command_number_ = 0;
  bool root_evaluated_ = false;
  std::optional<WalkBatch> rest_;
  std::optional<WalkerReport> awaiting_meta_;
  std::string noise_;      ///< what nix said since the last report
  bool speaking_ = false;  ///< the last line of it was of a trace or warning
  std::string open_error_;
  std::uint64_t visited_ = 0;
  MonotonicTime started_;
  MonotonicTime opened_;
  MonotonicTime given_;
  MonotonicTime waiting_since_;
};

}  // namespace grange
