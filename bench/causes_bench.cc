// Causes between two target maps, with everything in memory; and a record to ask why from.
//   causes_bench DRVS BASE-MAP HEAD-MAP            what comparing and explaining take by themselves
//   causes_bench DRVS BASE-MAP HEAD-MAP RECORD     writes a record with both maps

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "compare/changes.h"
#include "compare/compare.h"
#include "compare/explanation.h"
#include "derivation/target_map_file.h"
#include "evaluate/evaluator.h"
#include "record/record.h"
#include "store/local_store.h"

namespace grange {
namespace {

constexpr int kRepetitions = 5;

template <typename Work>
double median_milliseconds(const Work& work) {
  std::vector<double> times;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  std::nth_element(times.begin(), times.begin() + kRepetitions / 2, times.end());
  return times[kRepetitions / 2];
}

void measure(const TargetMap& base, const TargetMap& head, const DerivationReader& read) {
  const auto roots = derivations_to_explain(base, head);
  std::vector<StorePath> head_roots;
  for (const auto& [label, target] : head.targets) head_roots.push_back(target.derivation);
  const auto graph = DerivationGraph::load(base.store_dir, roots, read);
  fmt::print("load both graphs             {:7.1f} ms\n",
             median_milliseconds([&] { DerivationGraph::load(base.store_dir, roots, read); }));
  fmt::print("load the head's graph        {:7.1f} ms\n",
             median_milliseconds([&] { DerivationGraph::load(base.store_dir, head_roots, read); }));
  fmt::print("verdicts, rewritten recipes  {:7.1f} ms\n",
             median_milliseconds([&] { compare_targets(base, head, graph, read); }));
  fmt::print("causes, attribution, cost    {:7.1f} ms\n", median_milliseconds([&] {
               explain(graph, Changes::find(base, head, graph, read), head);
             }));
}

void write_record(const TargetMap& base, const TargetMap& head, const std::filesystem::path& file) {
  const auto record = Record::open(file);
  Selection selection;
  selection.expression = "shared";
  for (const auto* map : {&base, &head}) {
    EvaluationRecord evaluation;
    evaluation.selection = selection.canonical();
    evaluation.map = *map;
    evaluation.map.complete = true;
    record->add_evaluation(evaluation);
  }
}

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 64;
  const auto base = grange::read_target_map_file(argv[2]);
  const auto head = grange::read_target_map_file(argv[3]);
  if (argc == 5) {
    grange::write_record(base, head, argv[4]);
  } else {
    grange::measure(base, head, grange::directory_reader(argv[1]));
  }
}
