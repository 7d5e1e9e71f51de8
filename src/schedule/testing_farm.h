#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "plan/test_graph.h"
#include "schedule/fair_ready.h"

namespace grange {

/// A farm without machines: the plan and the order are real, attempts take no time but on a made-up
/// clock. Nothing is there before it is made.
class TestingFarm {
 public:
  struct Job {
    StepClass of{"x86_64-linux", {}, 1};
    double seconds = 1;
    std::optional<double> expected{};  ///< nothing: what it takes
  };
  struct Record {
    UsageLedger::Past past;
    std::size_t job;
    std::uint32_t machine;
  };

  /// Returns its number. Inputs are numbers. Before `open`.
  std::size_t add(const Job& job, const std::vector<std::size_t>& inputs = {}) {
    std::vector<TestGraph::Input> needed;
    for (const auto input : inputs) needed.push_back({input});
    tests_.input_addressed("job-" + std::to_string(jobs_.size()), needed);
    jobs_.push_back(job);
    return jobs_.size() - 1;
  }

  void open(std::vector<FarmMachine> machines) {
    graph_.emplace(tests_.load());
    numbers_.resize(graph_->size());
    for (std::size_t i = 0; i < jobs_.size(); ++i) numbers_[tests_.index(*graph_, i)] = i;
    machines_ = std::move(machines);
    begin();
  }

  /// What runs is lost but for its record.
  void stop() {
    for (const auto& [step, run] : running_) record(step, run);
    running_.clear();
    ends_ = {};
  }

  /// As if the farm had been killed and came up again: everything that was not finished is asked
  /// for again, and what was used is what is `recorded`, or remembered where that is nothing.
  void restart(const std::optional<std::vector<UsageLedger::Past>>& recorded = std::nullopt) {
    stop();
    const auto shares = std::exchange(shares_, {});
    begin();
    for (const auto& [jobset, share] : shares) set_share(jobset, share);
    if (recorded) {
      for (const auto& one : *recorded) fair_->add_past(one);
    } else {
      for (const auto& one : history_) fair_->add_past(one.past);
    }
    const auto wants = std::exchange(wants_, {});
    for (const auto& [want, asked] : wants) this->want(asked.first, asked.second);
  }

  WantId want(std::size_t job, const Requester& requester) {
    const WantId id = plan_->want(tests_.index(*graph_, job), {}, {}, {}, requester);
    wants_.emplace(id, std::pair(job, requester));
    return id;
  }
  void withdraw(WantId want) {
    plan_->withdraw(want);
    wants_.erase(want);
  }
  void set_share(std::uint32_t jobset, double share) {
    shares_[jobset] = share;
    fair_->set_share(jobset, share);
  }

  /// Until then; what ends at that very second has ended.
  void run_until(double seconds) {
    settle();
    while (!ends_.empty() && ends_.top().first <= seconds) {
      const auto [end, step] = ends_.top();
      ends_.pop();
      const auto run = running_.find(step);
      if (run == running_.end() || run->second.to != end) continue;
      now_ = end;
      fair_->advance(time());
      finish(run, Outcome::good);
      if (ends_.empty() || ends_.top().first > now_) settle();
    }
    now_ = seconds;
    fair_->advance(time());
    settle();
  }
  /// What can start starts; nothing ends.
  void settle() {
    for (bool any = true; any;) {
      any = false;
      for (const auto& decision : plan_->take_decisions()) {
        if (const auto* query = std::get_if<Plan::Query>(&decision)) {
          steps_[numbers_[query->recipe]] = query->step;
          plan_->presence(query->step, made_.contains(numbers_[query->recipe]));
          any = true;
        } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
          start(*attempt);
        } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
          finish(running_.find(cancel->step), Outcome::aborted);
          any = true;
        } else if (const auto* finished = std::get_if<Plan::Finished>(&decision)) {
          wants_.erase(finished->want);
        }
      }
    }
  }

  double now() const { return now_; }
  TimePoint time(std::optional<double> at = std::nullopt) const {
    const auto nanoseconds = std::chrono::duration<double>(at.value_or(now_));
    return TimePoint(std::chrono::seconds(1'700'000'000)) +
           std::chrono::duration_cast<TimePoint::duration>(nanoseconds);
  }
  FairReady& fair() { return *fair_; }
  Plan& plan() { return *plan_; }
  const std::vector<Job>& jobs() const { return jobs_; }
  /// Of attempts, in the order of their ends.
  const std::vector<Record>& history() const { return history_; }
  /// Which jobs were started, in order.
  const std::vector<std::size_t>& started() const { return started_; }
  std::size_t job_of(DerivationIndex recipe) const { return numbers_[recipe]; }
  /// Once it was asked about.
  std::optional<StepId> step_of(std::size_t job) const {
    const auto found = steps_.find(job);
    if (found == steps_.end()) return std::nullopt;
    return found->second;
  }
  bool runs(StepId step) const { return running_.contains(step); }
  std::size_t running() const { return running_.size(); }
  /// Ends a running attempt now.
  void end(StepId step, Outcome outcome = Outcome::good) { finish(running_.find(step), outcome); }
  /// Core-seconds of attempts from `from` until `to`, divided among those who wanted them.
  double made_for(std::uint32_t jobset, double from, double to) const {
    double sum = 0;
    const auto count = [&](const UsageLedger::Past& past) {
      const auto& by = past.jobsets;
      if (std::find(by.begin(), by.end(), jobset) == by.end()) return;
      const auto begin = std::max(past.from, time(from));
      const auto end = std::min(past.to, time(to));
      if (end > begin) {
        sum += Seconds(end - begin).count() * past.cores / static_cast<double>(by.size());
      }
    };
    for (const auto& one : history_) count(one.past);
    for (const auto& [step, run] : running_) {
      const auto charged = fair_->charged(step);
      count({{charged.begin(), charged.end()}, time(run.from), time(to), run.cores});
    }
    return sum;
  }

 private:
  struct Run {
    std::size_t job;
    double from;
    double to;
    unsigned cores;
    std::uint32_t machine;
    std::vector<std::uint32_t> charged{};
  };

  void begin() {
    plan_.reset();
    steps_.clear();
    const auto expected = [this](DerivationIndex index) {
      const Job& job = jobs_[numbers_[index]];
      return job.expected.value_or(job.seconds);
    };
    fair_ = std::make_unique<FairReady>(FairReady::Owner{
        [this](DerivationIndex index) { return jobs_[numbers_[index]].of; }, expected});
    fair_->set_machines(machines_);
    fair_->advance(time());
    Plan::Options options;
    options.ready = fair_.get();
    options.expected_seconds = expected;
    plan_.emplace(*graph_, options);
  }

  void start(const Plan::Attempt& attempt) {
    const std::size_t job = numbers_[attempt.recipe];
    const std::uint32_t on = fair_->machine_of(attempt.step).value();
    const FarmMachine& machine = *fair_->machines().machine(on);
    const unsigned cores = jobs_[job].of.cores != 0 ? jobs_[job].of.cores : machine.cores_per_slot;
    const double end = now_ + jobs_[job].seconds / machine.speed;
    running_.emplace(attempt.step, Run{job, now_, end, cores, on});
    ends_.emplace(end, attempt.step);
    started_.push_back(job);
  }

  void record(StepId step, const Run& run) {
    const auto charged = fair_->charged(step);
    history_.push_back({{{charged.begin(), charged.end()}, time(run.from), time(), run.cores},
                        run.job,
                        run.machine});
  }

  void finish(std::map<StepId, Run>::iterator run, Outcome outcome) {
    const StepId step = run->first;
    record(step, run->second);
    if (outcome == Outcome::good) made_.insert(run->second.job);
    running_.erase(run);
    BuildResult result;
    result.outcome = outcome;
    plan_->finished(step, result);
  }

  TestGraph tests_;
  std::vector<Job> jobs_;
  std::optional<DerivationGraph> graph_;
  std::vector<std::size_t> numbers_;  ///< by derivation
  std::vector<FarmMachine> machines_;
  std::unique_ptr<FairReady> fair_;
  std::optional<Plan> plan_;
  std::map<WantId, std::pair<std::size_t, Requester>> wants_;  ///< that have not finished
  std::map<std::uint32_t, double> shares_;
  std::map<std::size_t, StepId> steps_;
  std::set<std::size_t> made_;
  std::map<StepId, Run> running_;
  std::priority_queue<std::pair<double, StepId>, std::vector<std::pair<double, StepId>>,
                      std::greater<>>
      ends_;
  std::vector<Record> history_;
  std::vector<std::size_t> started_;
  double now_ = 0;
};

}  // namespace grange
