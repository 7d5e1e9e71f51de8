#include "command/map_pair.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "command/state_directory.h"
#include "derivation/target_map_file.h"
#include "farm/base_choice.h"
#include "process/process.h"
#include "record/record.h"

namespace grange {
namespace {

using OneLabel = std::optional<std::string_view>;
using ReadMap = std::function<TargetMap()>;

/// Both at once: reading them is most of what an answer about one label takes.
std::pair<TargetMap, TargetMap> read_both(const ReadMap& read_base, const ReadMap& read_head) {
  auto reading = std::async(std::launch::async, read_base);
  auto head = read_head();
  return {reading.get(), std::move(head)};
}

TargetMap read_evaluation(Record& record, std::int64_t id, OneLabel label) {
  auto evaluation = record.evaluation(id, label);
  if (!evaluation) {
    throw NotFoundError("evaluation " + std::to_string(id) + " was just forgotten; try again");
  }
  return std::move(evaluation->map);
}

bool is_file(const BaseChoice& choice) {
  return choice.kind == BaseChoice::Kind::file ||
         (choice.kind == BaseChoice::Kind::named && std::filesystem::exists(choice.name));
}

}  // namespace

MapPair read_map_pair(const MapPairOptions& options, OneLabel label) {
  const auto choice = base_choice_of(options.base);
  const bool of_record = options.head == "last";
  const ReadMap head_file = [&] { return read_target_map_file(options.head, label); };
  if (!of_record && is_file(choice)) {
    const ReadMap base_file = [&] { return read_target_map_file(choice.name, label); };
    auto [base, head] = read_both(base_file, head_file);
    return {std::move(base), std::move(head), "the map '" + choice.name + "'"};
  }
  const auto file = default_record_file(default_state_directory());
  if (!std::filesystem::exists(file)) {
    throw NotFoundError("nothing was ever run here: there is no record '" + file.string() + "'");
  }
  const auto record = Record::open(file);
  const auto selection = selection_of(options.selection);
  const auto runs = record->complete_evaluations(selection.canonical(), 2);
  if (runs.empty() && (of_record || choice.kind == BaseChoice::Kind::last)) {
    throw NotFoundError("there is no complete run of this selection: " + selection.canonical());
  }
  const ReadMap last_run = [&] { return read_evaluation(*record, runs.front(), label); };
  if (choice.kind == BaseChoice::Kind::last) {
    if (of_record && runs.size() < 2) {
      throw NotFoundError("there is no complete run before the last one; name a base with --base");
    }
    const auto run = of_record ? runs[1] : runs[0];
    const ReadMap base_run = [&] { return read_evaluation(*record, run, label); };
    auto [base, head] = read_both(base_run, of_record ? last_run : head_file);
    return {std::move(base), std::move(head), "run " + std::to_string(run)};
  }
  SystemProcessRunner programs;
  auto base = choose_base(choice, selection, look_at_source(selection, programs, {}), *record,
                          SystemClock().now());
  if (!base.map) throw NotFoundError("there is no base: " + base.description);
  return {std::move(*base.map), of_record ? last_run() : head_file(), base.description};
}

}  // namespace grange
