// How many decisions a second the farm's order makes, how much memory it takes, and how fair it is,
// over made-up steps with mixed durations on made-up machines:
//   schedule_bench [STEPS] [JOBSETS] [MACHINES]     (default: 1,000,000, 1,000 and 500)
// Twice: the order alone, for a simulated day; and with the plan, which learns of all steps, asks
// about them, and starts what the order says.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>
#include <deque>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "plan/plan.h"
#include "plan/test_graph.h"
#include "schedule/fair_ready.h"

namespace grange {
namespace {

constexpr unsigned kSlots = 2;
constexpr std::size_t kDay = 24 * 3600;

struct Size {
  std::size_t steps = 1'000'000;
  std::size_t jobsets = 1'000;
  std::size_t machines = 500;
};

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

TimePoint at(double seconds) {
  return TimePoint(std::chrono::seconds(1'700'000'000)) +
         std::chrono::duration_cast<TimePoint::duration>(Seconds(seconds));
}

/// Looks random, and depends on the two alone.
std::uint64_t mixed(std::uint64_t number, std::uint64_t what) {
  std::uint64_t value = number * 0x9e3779b97f4a7c15U + what * 0xd1b54a32d192ed03U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

/// Two systems, each with and without a feature; what a step asks of a machine goes by its number.
StepClass class_of(std::size_t number) {
  StepClass of{mixed(number, 1) % 3 == 0 ? "aarch64-linux" : "x86_64-linux", {}, 1};
  if (mixed(number, 2) % 16 == 0) of.features = {"big-parallel"};
  return of;
}

/// From five seconds to ten minutes, as many of each magnitude.
double duration_of(std::size_t number) {
  const double fraction = static_cast<double>(mixed(number, 3) % 4096) / 4096;
  return 5 * std::exp(fraction * std::log(120.0));
}

std::vector<FarmMachine> made_up_machines(std::size_t count) {
  std::vector<FarmMachine> machines;
  for (std::size_t i = 0; i < count; ++i) {
    FarmMachine machine;
    machine.id = static_cast<std::uint32_t>(i);
    machine.name = fmt::format("machine-{}", i);
    machine.systems = {i % 3 == 0 ? "aarch64-linux" : "x86_64-linux"};
    if (i % 5 == 0 || i % 5 == 1) machine.features = {"big-parallel"};
    machine.slots = kSlots;
    machines.push_back(std::move(machine));
  }
  return machines;
}

/// Every tenth step is wanted by several.
class Interests {
 public:
  explicit Interests(std::size_t jobsets) : jobsets_(static_cast<std::uint32_t>(jobsets)) {
    for (std::uint32_t i = 0; i < jobsets_; ++i) single_.push_back({{i, 0, 0}});
    for (std::uint32_t i = 0; i < jobsets_; ++i) {
      std::vector<Requester> several{{i, 0, 0}, {(i + 7) % jobsets_, 0, 0}, {(i + 31) % jobsets_}};
      std::sort(several.begin(), several.end());
      several_.push_back(std::move(several));
    }
  }
  std::span<const Requester> of(std::size_t number) const {
    const std::size_t by = mixed(number, 4) % jobsets_;
    return mixed(number, 5) % 10 == 0 ? several_[by] : single_[by];
  }

 private:
  std::uint32_t jobsets_;
  std::vector<std::vector<Requester>> single_;
  std::vector<std::vector<Requester>> several_;
};

struct Fairness {
  double worst = 0;
  double mean = 0;
};

/// A simulated day in which the queue is always full.
void order_alone(const Size& size) {
  const Interests interests(size.jobsets);
  FairReady fair({[](DerivationIndex index) { return class_of(index); },
                  [](DerivationIndex index) { return duration_of(index); }});
  fair.set_machines(made_up_machines(size.machines));
  fair.advance(at(0));
  std::uint32_t next = 0;
  // A derivation for each of some, so that classes are asked for once each, as in a real graph.
  const auto add = [&] {
    const auto of = static_cast<DerivationIndex>(next % 500'000);
    fair.add({StepId{next},
              of,
              {},
              interests.of(next),
              static_cast<double>(mixed(next, 6) % 10'000),
              next});
    ++next;
  };
  const double adding = cpu_seconds();
  while (next < size.steps) add();
  const double added = cpu_seconds() - adding;

  using End = std::pair<double, StepId>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::vector<double> made(size.jobsets, 0);
  double now = 0;
  std::size_t decisions = 0;
  const double begin = cpu_seconds();
  const auto start = [&] {
    while (const auto step = fair.take()) {
      ++decisions;
      const auto number = static_cast<std::uint32_t>(*step);
      const double seconds = duration_of(number % 500'000);
      ends.emplace(now + seconds, *step);
      const auto by = fair.charged(*step);
      const double within = std::min(seconds, static_cast<double>(kDay) - now);
      for (const auto jobset : by) made[jobset] += within / static_cast<double>(by.size());
      add();
    }
  };
  start();
  while (!ends.empty() && ends.top().first < static_cast<double>(kDay)) {
    const auto [end, step] = ends.top();
    ends.pop();
    now = end;
    fair.advance(at(now));
    fair.ended(step);
    start();
  }
  const double spent = cpu_seconds() - begin;
  Fairness error;
  double all = 0;
  for (const double one : made) all += one;
  const double entitled = all / static_cast<double>(size.jobsets);
  for (const double one : made) {
    error.worst = std::max(error.worst, std::abs(one - entitled) / entitled);
    error.mean += std::abs(one - entitled) / entitled / static_cast<double>(size.jobsets);
  }
  fmt::print(
      "order alone: {} queued in {:.2f} s; {} decisions in {:.2f} s of processor time: {:.0f}/s; "
      "peak {:.0f} MB\n",
      size.steps, added, decisions, spent, static_cast<double>(decisions) / spent,
      peak_megabytes());
  fmt::print(
      "  a simulated day, equal shares: error of machine time {:.2f} % mean, {:.2f} % worst "
      "(one long step is {:.2f} % of a share)\n",
      error.mean * 100, error.worst * 100, 600 / entitled * 100);
}

/// Steps are derivations under ten policies.
void with_plan(const Size& size) {
  constexpr std::size_t kPolicies = 10;
  const std::size_t derivations = std::max<std::size_t>(1, size.steps / kPolicies);
  std::optional<DerivationGraph> loaded;
  {
    TestGraph tests;
    std::mt19937 random(1);
    for (std::size_t i = 0; i < derivations; ++i) {
      std::vector<TestGraph::Input> inputs;
      // One in eight waits for others at first.
      if (i % 8 == 7) {
        for (std::size_t n = 0; n < 3; ++n) inputs.push_back({random() % i});
      }
      tests.input_addressed(fmt::format("package-{}", i), inputs);
    }
    loaded.emplace(tests.load());
  }
  const DerivationGraph& graph = *loaded;
  const double before = peak_megabytes();
  FairReady fair({[](DerivationIndex index) { return class_of(index); },
                  [](DerivationIndex index) { return duration_of(index); }});
  fair.set_machines(made_up_machines(size.machines));
  fair.advance(at(0));
  Plan::Options options;
  options.ready = &fair;
  options.expected_seconds = [](DerivationIndex index) { return duration_of(index); };
  Plan plan(graph, options);
  const double begin = cpu_seconds();
  for (std::size_t with = 0; with < kPolicies; ++with) {
    BuildPolicy policy;
    policy.features = {fmt::format("policy-{}", with)};
    for (DerivationIndex index = 0; index < graph.size(); ++index) {
      const std::size_t number = with * graph.size() + index;
      const auto jobset = static_cast<std::uint32_t>(mixed(number, 4) % size.jobsets);
      plan.want(index, {}, policy, {}, {jobset, 0, static_cast<int>(number % 3)});
    }
  }
  using End = std::pair<double, StepId>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  double now = 0;
  std::size_t attempts = 0;
  const auto carry_out = [&] {
    for (bool asked = true; asked;) {
      asked = false;
      for (const auto& decision : plan.take_decisions()) {
        if (const auto* query = std::get_if<Plan::Query>(&decision)) {
          plan.presence(query->step, false);
          asked = true;
        } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
          ++attempts;
          ends.emplace(now + duration_of(attempt->recipe), attempt->step);
        }
      }
    }
  };
  carry_out();
  const double queued = cpu_seconds() - begin;
  const double peak_queued = peak_megabytes();
  const auto steps = plan.counts().steps;
  const double running = cpu_seconds();
  const std::size_t attempts_before = attempts;
  BuildResult good;
  good.outcome = Outcome::good;
  while (!ends.empty()) {
    const auto [end, step] = ends.top();
    ends.pop();
    now = end;
    fair.advance(at(now));
    plan.finished(step, good);
    carry_out();
  }
  const double spent = cpu_seconds() - running;
  fmt::print(
      "with the plan: {} steps wanted, asked about and queued in {:.2f} s; {} attempts started and "
      "finished in {:.2f} s: {:.0f}/s; {:.0f} MB with the graph, of which {:.0f} MB before "
      "(peaks); "
      "{:.0f} MB at the end\n",
      steps, queued, attempts - attempts_before, spent,
      static_cast<double>(attempts - attempts_before) / spent, peak_queued, before,
      peak_megabytes());
}

bool read_count(const char* text, std::size_t& count) {
  const char* end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, count);
  return read.ec == std::errc{} && read.ptr == end && count > 0;
}

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  using namespace grange;
  Size size;
  std::size_t* const counts[] = {&size.steps, &size.jobsets, &size.machines};
  std::string only;
  for (int i = 1, at = 0; i < argc; ++i) {
    if (std::string(argv[i]) == "--order" || std::string(argv[i]) == "--plan") {
      only = argv[i];
    } else if (at >= 3 || !read_count(argv[i], *counts[at++])) {
      fmt::print(stderr,
                 "usage: schedule_bench [--order|--plan] [STEPS] [JOBSETS] [MACHINES], above 0\n");
      return 1;
    }
  }
  fmt::print("{} steps, {} jobsets, {} machines with {} slots each\n", size.steps, size.jobsets,
             size.machines, kSlots);
  if (only != "--plan") order_alone(size);
  if (only != "--order") with_plan(size);
  return 0;
}
