// How much processor time the plan itself takes over a big package set when asking and building
// cost nothing:
//   plan_bench [DIRECTORY-OF-DRV-FILES]     (default: a made-up set of 75,000 derivations)

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "plan/plan.h"
#include "plan/test_graph.h"
#include "store/local_store.h"

namespace grange {
namespace {

constexpr int kRepetitions = 5;

DerivationGraph made_up_graph() {
  TestGraph tests;
  std::mt19937 random(1);
  for (std::size_t i = 0; i < 75'000; ++i) {
    std::vector<TestGraph::Input> inputs;
    for (std::size_t n = 0; n < 10 && i > 0; ++n) {
      const std::size_t spread = n < 5 ? std::min<std::size_t>(i, 2'000) : i;
      inputs.push_back({i - 1 - random() % spread});
    }
    if (i % 3 == 0) {
      tests.fixed(fmt::format("source-{}", i), fmt::format("{}", i), inputs);
    } else {
      tests.input_addressed(fmt::format("package-{}", i), inputs);
    }
  }
  return tests.load();
}

DerivationGraph graph_in(const std::filesystem::path& directory) {
  std::vector<StorePath> roots;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (auto path = StorePath::try_parse(entry.path().filename().string())) {
      if (path->is_derivation()) roots.push_back(*std::move(path));
    }
  }
  return DerivationGraph::load(StoreDir::nix(), roots, directory_reader(directory));
}

enum class World { all_there, all_to_be_made, one_source_fails };

struct Run {
  double milliseconds;
  Plan::Counts counts;
};

Run run(const DerivationGraph& graph, World world) {
  const std::clock_t begin = std::clock();
  Plan plan(graph, {.slots = 8, .keep_going = true});
  for (DerivationIndex index = 0; index < graph.size(); ++index) plan.want(index, {}, {}, {});
  bool failed = false;
  while (!plan.idle()) {
    for (const auto& decision : plan.take_decisions()) {
      if (const auto* query = std::get_if<Plan::Query>(&decision)) {
        plan.presence(query->step, world == World::all_there);
      } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
        BuildResult result;
        result.outcome = Outcome::good;
        if (world == World::one_source_fails && !std::exchange(failed, true)) {
          result.outcome = Outcome::failed;
        }
        plan.finished(attempt->step, result);
      }
    }
  }
  const auto spent = static_cast<double>(std::clock() - begin);
  return {spent / CLOCKS_PER_SEC * 1e3, plan.counts()};
}

void report(const DerivationGraph& graph, const char* name, World world) {
  std::vector<double> times;
  Plan::Counts counts;
  for (int i = 0; i < kRepetitions; ++i) {
    const Run result = run(graph, world);
    times.push_back(result.milliseconds);
    counts = result.counts;
  }
  std::sort(times.begin(), times.end());
  fmt::print("{:<18} {:8.1f} ms   {} steps: {} there, {} made, {} failed, {} through them\n", name,
             times[kRepetitions / 2], counts.steps, counts.present, counts.made, counts.failed,
             counts.dependency_failed);
}

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  using namespace grange;
  try {
    const DerivationGraph graph = argc > 1 ? graph_in(argv[1]) : made_up_graph();
    fmt::print("{} derivations, each of them wanted; median of {}\n", graph.size(), kRepetitions);
    report(graph, "all there", World::all_there);
    report(graph, "all to be made", World::all_to_be_made);
    report(graph, "one source fails", World::one_source_fails);
  } catch (const Error& error) {
    fmt::print(stderr, "plan_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
