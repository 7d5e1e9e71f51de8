#include "schedule/fair_ready.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace grange {
namespace {

/// All jobsets are put in order anew when so much time has passed.
constexpr std::chrono::seconds kRefreshAfter{1};

/// So that each start counts at once, also where nothing is known of its duration.
constexpr Seconds kLeastExpected{1};

/// For what waits in a circle and is wanted by nobody outside: it may not block its slot for good.
constexpr Requester kNobodysRequester{std::numeric_limits<std::uint32_t>::max(), 0, 0};

std::span<const Requester> or_nobody(std::span<const Requester> interest) {
  return interest.empty() ? std::span<const Requester>(&kNobodysRequester, 1) : interest;
}

std::vector<std::uint32_t> requesters_in(std::span<const Requester> interest) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(interest.size());
  for (const Requester& requester : interest) numbers.push_back(requester.requester);
  return numbers;
}

}  // namespace

FairReady::Entry& FairReady::entry(StepId step) {
  const auto index = static_cast<std::size_t>(step);
  if (index >= entries_.size()) entries_.resize(index + 1);
  return entries_[index];
}

const FairReady::Entry* FairReady::find(StepId step) const {
  const auto index = static_cast<std::size_t>(step);
  return index < entries_.size() ? &entries_[index] : nullptr;
}

StepClassId FairReady::class_for(DerivationIndex recipe) {
  if (recipe >= class_ids_.size()) class_ids_.resize(recipe + 1);
  auto& id = class_ids_[recipe];
  if (!id) {
    id = slots_.class_id(owner_.class_of(recipe));
    lanes_.resize(slots_.class_count());
  }
  return *id;
}

JobsetOrder& FairReady::jobset(std::uint32_t number) {
  const auto [found, is_new] = jobsets_.try_emplace(number);
  JobsetOrder& jobset = found->second;
  if (is_new) {
    jobset.number = number;
    jobset.account = ledger_.account(number);
    if (number == kNobodysRequester.requester) jobset.share = 0;
    update_key(number);
  }
  return jobset;
}

void FairReady::set_share(std::uint32_t number, double share) {
  jobset(number).share = share;
  update_key(number);
}

double FairReady::share(std::uint32_t number) const {
  const auto found = jobsets_.find(number);
  return found == jobsets_.end() ? JobsetOrder{}.share : found->second.share;
}

void FairReady::set_machines(std::vector<FarmMachine> machines) {
  slots_.set_machines(std::move(machines));
}

bool FairReady::set_drained(std::uint32_t machine, bool drained) {
  return slots_.set_drained(machine, drained);
}

bool FairReady::set_enabled(std::uint32_t machine, bool enabled) {
  return slots_.set_enabled(machine, enabled);
}

void FairReady::advance(TimePoint now) {
  now_ = now;
  ledger_.advance(now);
  while (!held_.empty() && held_.top().until <= now) {
    const Held over = held_.top();
    held_.pop();
    const auto hold = holds_.find(over.step);
    if (hold == holds_.end() || hold->second != over.until) continue;
    holds_.erase(hold);
    Entry& held = entry(over.step);
    if (held.state == State::held) line_up(over.step, held);
  }
  const bool refreshed = refreshed_ && now >= *refreshed_ && now - *refreshed_ < kRefreshAfter;
  if (!refreshed) refresh();
}

void FairReady::hold(StepId step, TimePoint until) {
  Entry& of = entry(step);
  if (now_ && until <= *now_) {
    holds_.erase(step);
    if (of.state == State::held) line_up(step, of);
    return;
  }
  holds_[step] = until;
  held_.push({until, step});
  if (of.state != State::ready) return;
  leave(of);
  of.state = State::held;
}

void FairReady::add_past(const UsageLedger::Past& past) {
  ledger_.add(past);
  for (const auto number : past.jobsets) update_key(number);
}

void FairReady::add(const ReadyStep& step) {
  const StepClassId of = class_for(step.recipe);
  Entry& added = entry(step.step);
  GRANGE_CHECK(added.state == State::away);
  added.interest = or_nobody(step.interest);
  added.path = step.path;
  added.recipe = step.recipe;
  added.age = step.age;
  added.of = of;
  drop_from_ = std::min(drop_from_, static_cast<std::size_t>(step.step));
  if (holds_.contains(step.step)) {
    added.state = State::held;
  } else {
    line_up(step.step, added);
  }
}

void FairReady::change(const ReadyStep& step) {
  Entry& changed = entry(step.step);
  const State state = changed.state;
  if (state == State::ready) leave(changed);
  const auto before = std::exchange(changed.interest, or_nobody(step.interest));
  changed.path = step.path;
  changed.age = step.age;
  if (state == State::ready) line_up(step.step, changed);
  if (state != State::running) return;
  const auto wanted_by = requesters_in(changed.interest);
  const auto charged = ledger_.jobsets(step.step);
  if (std::equal(charged.begin(), charged.end(), wanted_by.begin(), wanted_by.end())) return;
  ledger_.change(step.step, wanted_by);
  for (const auto number : requesters_in(before)) update_key(number);
  for (const auto number : wanted_by) update_key(number);
}

void FairReady::remove(StepId step) {
  Entry& removed = entry(step);
  GRANGE_CHECK(removed.state == State::ready || removed.state == State::held);
  if (removed.state == State::ready) leave(removed);
  removed.state = State::away;
}

bool FairReady::is_current(const LaneEntry& of) const {
  const Entry& step = entries_[static_cast<std::size_t>(of.step)];
  return step.state == State::ready && step.ticket == of.ticket;
}

/// It has a place in the line of each jobset that wants it.
void FairReady::line_up(StepId step, Entry& of) {
  of.state = State::ready;
  ++of.ticket;
  ++ready_;
  const auto current = [this](const LaneEntry& one) { return is_current(one); };
  for (const Requester& by : of.interest) {
    JobsetOrder& line = jobset(by.requester);
    if (line.lanes.empty()) update_key(by.requester);  // it was not kept up to date
    lanes_[static_cast<std::size_t>(of.of)].push(
        line, by.bump, {of.path, by.priority, of.age, step, of.ticket}, current);
  }
}

void FairReady::leave(Entry& of) {
  --ready_;
  ++of.ticket;
  for (const Requester& by : of.interest) {
    lanes_[static_cast<std::size_t>(of.of)].leave(by.requester, by.bump);
  }
}

std::optional<StepId> FairReady::take() {
  const auto current = [this](const LaneEntry& one) { return is_current(one); };
  std::optional<ClassLanes::First> best;
  for (std::size_t of = 0; of < lanes_.size(); ++of) {
    if (lanes_[of].empty() || slots_.free_slots(StepClassId{static_cast<std::uint32_t>(of)}) == 0) {
      continue;
    }
    const auto first = lanes_[of].first(current);
    if (!best || first.goes_before(*best)) best = first;
  }
  if (!best) return std::nullopt;
  const StepId step = best->entry.step;
  start(step, entry(step));
  return step;
}

void FairReady::start(StepId step, Entry& of) {
  leave(of);
  of.state = State::running;
  of.machine = slots_.take(of.of).value();
  unsigned cores = slots_[of.of].cores;
  if (cores == 0) cores = slots_.machine(of.machine)->cores_per_slot;
  const auto wanted_by = requesters_in(of.interest);
  ledger_.started(step, wanted_by, cores, expected(of));
  for (const auto number : wanted_by) update_key(number);
}

Seconds FairReady::expected(const Entry& of) const {
  return std::max(kLeastExpected, Seconds(owner_.expected_seconds(of.recipe)));
}

void FairReady::ended(StepId step) {
  Entry& of = entry(step);
  GRANGE_CHECK(of.state == State::running);
  of.state = State::away;
  slots_.give_back(of.machine);
  ledger_.ended(step);
  for (const Requester& by : of.interest) update_key(by.requester);
}

std::optional<StepId> FairReady::drop() {
  for (; drop_from_ < entries_.size(); ++drop_from_) {
    Entry& of = entries_[drop_from_];
    if (of.state != State::ready && of.state != State::held) continue;
    const StepId step{static_cast<std::uint32_t>(drop_from_)};
    remove(step);
    return step;
  }
  return std::nullopt;
}

/// What it used has changed, or its share.
void FairReady::update_key(std::uint32_t number) {
  const auto found = jobsets_.find(number);
  if (found == jobsets_.end()) return;  // it has nothing yet
  JobsetOrder& of = found->second;
  of.key = of.share > 0 ? ledger_.used_by_account(of.account) / of.share
                        : std::numeric_limits<double>::infinity();
  for (Lane* lane : of.lanes) lane->level->update(*lane);
}

void FairReady::refresh() {
  refreshed_ = now_;
  for (auto& [number, of] : jobsets_) {
    if (of.lanes.empty()) continue;
    if (of.share > 0) of.key = ledger_.used_by_account(of.account) / of.share;
  }
  for (auto& lanes : lanes_) lanes.rebuild();
}

std::optional<std::uint32_t> FairReady::machine_of(StepId step) const {
  const Entry* of = find(step);
  if (of == nullptr || of->state != State::running) return std::nullopt;
  return of->machine;
}

std::optional<TimePoint> FairReady::held_until(StepId step) const {
  const auto hold = holds_.find(step);
  if (hold == holds_.end()) return std::nullopt;
  return hold->second;
}

std::optional<StepClassId> FairReady::class_of(StepId step) const {
  const Entry* of = find(step);
  if (of == nullptr || of->state == State::away) return std::nullopt;
  return of->of;
}

}  // namespace grange
