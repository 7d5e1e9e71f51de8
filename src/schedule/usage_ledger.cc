#include "schedule/usage_ledger.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace grange {
namespace {

/// Rates are cores in this unit, so that dividing one among many loses less than a millionth.
constexpr std::int64_t kScale = std::int64_t{1} << 20;

std::int64_t microseconds_of(std::chrono::nanoseconds duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

constexpr std::int64_t kWindowMicroseconds =
    std::chrono::microseconds(UsageLedger::kWindow).count();
constexpr std::int64_t kLongestPiece = std::chrono::microseconds(std::chrono::hours(1)).count();

std::int64_t clipped_expectation(Seconds expected) {
  const double most = Seconds(UsageLedger::kWindow).count();
  const double seconds = expected.count();
  return static_cast<std::int64_t>((seconds > 0 ? std::min(seconds, most) : 0) * 1e6);
}

}  // namespace

UsageLedger::Rate UsageLedger::rate(unsigned cores, std::size_t jobsets) {
  return static_cast<Rate>(cores) * kScale / static_cast<Rate>(jobsets);
}

void UsageLedger::advance(TimePoint now) {
  const Microseconds told = microseconds_of(now.time_since_epoch());
  if (any_time_ && told < told_) lag_ += told_ - told;
  any_time_ = true;
  told_ = told;
  now_ = told + lag_;
  while (!piece_ends_.empty() && piece_ends_.top().at <= now_) {
    const PieceEnd end = piece_ends_.top();
    piece_ends_.pop();
    const auto found = running_.find(end.step);
    if (found == running_.end() || found->second.piece != end.piece) continue;
    end_piece(found->second);
    begin_piece(end.step, found->second);
  }
}

void UsageLedger::started(StepId step, std::span<const std::uint32_t> jobsets, unsigned cores,
                          Seconds expected) {
  Running running;
  running.jobsets.assign(jobsets.begin(), jobsets.end());
  running.cores = cores;
  running.expected_end = now_ + clipped_expectation(expected);
  const auto [found, is_new] = running_.emplace(step, std::move(running));
  GRANGE_CHECK(is_new);
  begin_piece(step, found->second);
}

void UsageLedger::change(StepId step, std::span<const std::uint32_t> jobsets) {
  Running& running = running_.at(step);
  end_piece(running);
  running.jobsets.assign(jobsets.begin(), jobsets.end());
  begin_piece(step, running);
}

void UsageLedger::ended(StepId step) {
  const auto found = running_.find(step);
  GRANGE_CHECK(found != running_.end());
  end_piece(found->second);
  running_.erase(found);
}

void UsageLedger::add(const Past& past) {
  if (past.jobsets.empty()) return;
  const Microseconds from = microseconds_of(past.from.time_since_epoch()) + lag_;
  const Microseconds to = microseconds_of(past.to.time_since_epoch()) + lag_;
  for (const auto jobset : past.jobsets) {
    add_interval(accounts_[jobset], from, std::min(to, now_),
                 rate(past.cores, past.jobsets.size()));
  }
}

double UsageLedger::used(std::uint32_t jobset) {
  const auto found = accounts_.find(jobset);
  if (found == accounts_.end()) return 0;
  Account& account = found->second;
  settle(account);
  const Amount amount = account.past + account.promised +
                        static_cast<Amount>(account.overdue) * now_ - account.overdue_from;
  return static_cast<double>(amount) / (1e6 * static_cast<double>(kScale));
}

std::span<const std::uint32_t> UsageLedger::jobsets(StepId step) const {
  return running_.at(step).jobsets;
}

std::size_t UsageLedger::kept() const {
  std::size_t count = 0;
  for (const auto& [jobset, account] : accounts_) count += account.edges.size();
  return count;
}

/// Lets go of what has left the window.
void UsageLedger::settle(Account& account) const {
  const Microseconds begin = now_ - kWindowMicroseconds;
  const auto leave_until = [&account](Microseconds until) {
    account.past -= static_cast<Amount>(account.leaving) * (until - account.settled);
    account.settled = until;
  };
  while (!account.edges.empty() && account.edges.top().at <= begin) {
    leave_until(account.edges.top().at);
    account.leaving += account.edges.top().change;
    account.edges.pop();
  }
  leave_until(begin);
}

void UsageLedger::add_interval(Account& account, Microseconds from, Microseconds to,
                               Rate rate) const {
  settle(account);
  from = std::max(from, account.settled);
  if (from >= to) return;
  account.past += static_cast<Amount>(rate) * (to - from);
  if (from == account.settled) {
    account.leaving += rate;
  } else {
    account.edges.push({from, rate});
  }
  account.edges.push({to, -rate});
}

void UsageLedger::begin_piece(StepId step, Running& running) {
  running.piece = ++pieces_;
  running.piece_begin = now_;
  running.promised = running.expected_end > now_;
  if (!running.jobsets.empty()) {
    const Rate each = rate(running.cores, running.jobsets.size());
    for (const auto jobset : running.jobsets) {
      Account& account = accounts_[jobset];
      if (running.promised) {
        account.promised += static_cast<Amount>(each) * (running.expected_end - now_);
      } else {
        account.overdue += each;
        account.overdue_from += static_cast<Amount>(each) * now_;
      }
    }
  }
  Microseconds end = now_ + kLongestPiece;
  if (running.promised) end = std::min(end, running.expected_end);
  piece_ends_.push({end, step, running.piece});
}

void UsageLedger::end_piece(Running& running) {
  if (running.jobsets.empty()) return;
  const Rate each = rate(running.cores, running.jobsets.size());
  for (const auto jobset : running.jobsets) {
    Account& account = accounts_[jobset];
    if (running.promised) {
      account.promised -= static_cast<Amount>(each) * (running.expected_end - running.piece_begin);
    } else {
      account.overdue -= each;
      account.overdue_from -= static_cast<Amount>(each) * running.piece_begin;
    }
    add_interval(account, running.piece_begin, now_, each);
  }
}

}  // namespace grange
