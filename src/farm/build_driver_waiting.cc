#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "farm/build_driver.h"
#include "schedule/waiting_reason.h"

namespace grange {

/// Has it found by its thread at the end of the round; false when that takes too long. Then it may
/// still be found later.
bool BuildDriver::ask(std::function<void()> find, std::chrono::milliseconds patience) {
  const auto question = std::make_shared<Question>();
  question->find = std::move(find);
  const MutexLock lock(mutex_);
  questions_.push_back(question);
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!question->answered) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    changed_.wait_until(mutex_, deadline);
  }
  return true;
}

std::optional<WaitingBuild> BuildDriver::why_waiting(std::int64_t build) {
  // Found when nobody waits for it any more, too.
  const auto answer = std::make_shared<std::optional<WaitingBuild>>();
  const bool answered = ask(
      [this, build, answer] {
        const auto found = wanted_.find(build);
        if (found != wanted_.end()) *answer = explain(found->second);
      },
      std::chrono::seconds(10));
  if (!answered) throw TimeoutError("the scheduler did not answer within 10 s");
  return std::move(*answer);
}

WaitingBuild BuildDriver::explain(const Wanted& wanted) {
  WaitingBuild waiting;
  if (!wanted.request) {
    waiting.derivation = workshop_.config().store_dir.print(wanted.queued.derivation);
    waiting.reason = "retry";
    waiting.until = wanted.queued.retry_at;
    waiting.words = "waits to be tried again, since an earlier try failed because of the machine";
    return waiting;
  }
  const auto own = engine_->step_of(*wanted.request);
  static_cast<WaitingStep&>(waiting) = explain_step(own);
  std::deque<StepId> next{own};
  std::set<StepId> seen{own};
  while (!next.empty() && waiting.below.size() < WaitingBuild::kMostBelow) {
    const auto view = engine_->view(next.front());
    next.pop_front();
    auto inputs = view.inputs;
    if (view.same) inputs.push_back(*view.same);
    for (const auto input : inputs) {
      if (!seen.insert(input).second) continue;
      next.push_back(input);
      if (waiting.below.size() < WaitingBuild::kMostBelow) {
        waiting.below.push_back(explain_step(input));
      }
    }
  }
  return waiting;
}

WaitingStep BuildDriver::explain_step(StepId step) {
  WaitingStep waiting;
  const auto& store = workshop_.config().store_dir;
  const auto name_of = [&](StepId of) {
    return store.print(graph_->path(engine_->view(of).recipe));
  };
  waiting.derivation = name_of(step);
  const auto reason = waiting_reason(engine_->plan(), *ready_, step);
  if (!reason) {
    const bool runs = engine_->view(step).doing == Plan::View::Doing::running;
    waiting.reason = runs ? "running" : "ended";
    waiting.words = runs ? "is being made" : "its step has ended";
    return waiting;
  }
  constexpr const char* kReasons[] = {"asked",   "resolving", "inputs", "same",   "machine",
                                      "drained", "retry",     "slot",   "nothing"};
  waiting.reason = kReasons[reason->index()];
  if (const auto* inputs = std::get_if<waits::ForInputs>(&*reason)) {
    for (const auto input : inputs->first) waiting.steps.push_back(name_of(input));
  } else if (const auto* same = std::get_if<waits::ForSame>(&*reason)) {
    if (same->step) waiting.steps.push_back(name_of(*same->step));
  }
  waiting.words = describe(*reason, {name_of,
                                     [](std::uint32_t jobset) {
                                       return jobset == kSocketJobset
                                                  ? "jobset " + std::string(kSocketJobsetName)
                                                  : "jobset " + std::to_string(jobset);
                                     },
                                     [](TimePoint time) { return std::to_string(to_unix(time)); }});
  return waiting;
}

}  // namespace grange
