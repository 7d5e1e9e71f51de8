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
  set_jobsets(running, jobsets);
  running.cores = cores;
  running.expected_end = now_ + clipped_expectation(expected);
  const auto [found, is_new] = running_.emplace(step, std::move(running));
  GRANGE_CHECK(is_new);
  begin_piece(step, found->second);
}

void UsageLedger::change(StepId step, std::span<const std::uint32_t> jobsets) {
  Running& running = running_.at(step);
  end_piece(running);
  set_jobsets(running, jobsets);
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
    add_interval(accounts_[account(jobset)], from, std::min(to, now_),
                 rate(past.cores, past.jobsets.size()));
  }
}

std::uint32_t UsageLedger::account(std::uint32_t jobset) {
  const auto [found, is_new] =
      account_numbers_.try_emplace(jobset, static_cast<std::uint32_t>(accounts_.size()));
  if (is_new) accounts_.emplace_back();
  return found->second;
}

double UsageLedger::core_seconds(Amount amount) {
  return static_cast<double>(amount) / (1e6 * static_cast<double>(kScale));
}

std::span<const std::uint32_t> UsageLedger::jobsets(StepId step) const {
  return running_.at(step).jobsets;
}

std::size_t UsageLedger::kept() const {
  std::size_t count = 0;
  for (const Account& account : accounts_) count += account.edges.size();
  return count;
}

/// Up to where the window begins; lets go of what has left it.
void UsageLedger::pass_edges(Account& account, Microseconds begin) const {
  auto& edges = account.edges;
  for (; !edges.empty() && edges.top().at <= begin; edges.pop()) {
    const Edge& edge = edges.top();
    account.past -= static_cast<Amount>(account.leaving) * (edge.at - account.settled);
    account.settled = edge.at;
    account.leaving += edge.change;
  }
  account.next_edge = edges.empty() ? std::numeric_limits<Microseconds>::max() : edges.top().at;
}

void UsageLedger::set_jobsets(Running& running, std::span<const std::uint32_t> jobsets) {
  running.jobsets.assign(jobsets.begin(), jobsets.end());
  running.accounts.clear();
  for (const auto jobset : jobsets) running.accounts.push_back(account(jobset));
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
  account.next_edge = account.edges.top().at;
}

void UsageLedger::begin_piece(StepId step, Running& running) {
  running.piece = ++pieces_;
  running.piece_begin = now_;
  running.promised = running.expected_end > now_;
  if (!running.jobsets.empty()) {
    const Rate each = rate(running.cores, running.jobsets.size());
    for (const auto number : running.accounts) {
      Account& account = accounts_[number];
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
  for (const auto number : running.accounts) {
    Account& account = accounts_[number];
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
