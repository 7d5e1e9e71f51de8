#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"
#include "farm/jobset_evaluation.h"
#include "farm/target_limits.h"
#include "record/builds.h"
#include "record/derivations.h"

namespace grange {
namespace {

/// What an evaluation says of a target beside its derivation: what is kept even where that is the
/// same.
std::string facts_of(const EvaluatedTarget& target) {
  auto facts = nlohmann::ordered_json::object();
  // Plain labels say it themselves: then most targets have the same facts, which are one row.
  const auto parts = split(target.label, '.');
  if (!std::equal(parts.begin(), parts.end(), target.attr_path.begin(), target.attr_path.end())) {
    facts["attrPath"] = target.attr_path;
  }
  auto meta = nlohmann::ordered_json::parse(target.meta_json, nullptr, false);
  if (meta.is_object() && !meta.empty()) facts["meta"] = std::move(meta);
  if (!target.constituents.empty()) facts["constituents"] = target.constituents;
  return facts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

/// What the last complete evaluation has under this label, where that is the same derivation: then
/// nothing needs to be read of it.
const CurrentTarget* JobsetEvaluation::unchanged(const EvaluatedTarget& target) const {
  const auto found = current_.find(target.label);
  if (found == current_.end() || found->second->output_set == 0) return nullptr;
  const auto digest = nix32_decode(target.derivation.hash_part());
  const bool same =
      digest && std::equal(digest->begin(), digest->end(), found->second->digest.begin(),
                           found->second->digest.end(), [](std::uint8_t a, char b) {
                             return a == static_cast<std::uint8_t>(b);
                           });
  return same ? found->second : nullptr;
}

/// The closures of what has come and is not what it was.
void JobsetEvaluation::load_graph() {
  std::vector<StorePath> roots;
  for (const auto& target : pending_) {
    if (unchanged(target) == nullptr) roots.push_back(target.derivation);
  }
  if (roots.empty()) return;
  if (imports()) keep_imported(roots);
  GraphOptions options;
  options.may_grow = true;
  if (graph_) {
    graph_->extend(roots, reader_, options);
  } else {
    graph_ = DerivationGraph::load(setting_.store.location().store_dir, roots, reader_, options);
  }
}

/// Records what has come, and then lets it be built.
void JobsetEvaluation::flush() {
  load_graph();
  const auto without_outputs = builds_without_outputs();
  std::vector<QueuedBuild> to_build;
  const auto began = setting_.clock.monotonic();
  std::vector<BuildChange> to_change;
  setting_.database.write([&](Database& database) {
    to_build.clear();
    to_change.clear();
    record(database, without_outputs, to_build, to_change);
  });
  recording_ += setting_.clock.monotonic() - began;
  pending_.clear();
  errors_.clear();
  flushed_ = setting_.clock.monotonic();
  fault_point("serve.targets-recorded");
  if (!to_build.empty()) setting_.driver.add(std::move(to_build));
  if (!to_change.empty()) setting_.driver.change(to_change);
}

/// The rows of the derivation and of the output set (0: none) of each that is pending.
std::vector<JobsetEvaluation::Place> JobsetEvaluation::places(Database& database) {
  std::vector<Place> places(pending_.size());
  std::vector<std::size_t> read;
  std::vector<DerivationIndex> indices;
  std::vector<OutputSetId> sets;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (const auto* same = unchanged(pending_[i])) {
      places[i] = {same->target.derivation, same->output_set};
      continue;
    }
    read.push_back(i);
    indices.push_back(graph_->find(pending_[i].derivation).value());
    if (const auto set = graph_->output_set(indices.back())) sets.push_back(*set);
  }
  if (!read.empty()) {
    const auto derivations = Derivations(database).add(*graph_, indices, reader_);
    const auto set_ids = output_set_ids(database, sets);
    auto next_set = set_ids.begin();
    for (std::size_t i = 0; i < read.size(); ++i) {
      const bool has_set = graph_->output_set(indices[i]).has_value();
      places[read[i]] = {derivations[i], has_set ? *next_set++ : 0};
    }
  }
  return places;
}

/// Builds that pending targets may take over.
std::vector<std::int64_t> JobsetEvaluation::candidate_builds() const {
  std::vector<std::int64_t> builds;
  for (const auto& target : pending_) {
    const auto [first, last] = candidates_.equal_range(target.label);
    for (auto at = first; at != last; ++at) builds.push_back(at->second.target.build);
  }
  return builds;
}

void JobsetEvaluation::record(Database& database, const std::set<std::int64_t>& without_outputs,
                              std::vector<QueuedBuild>& to_build,
                              std::vector<BuildChange>& to_change) {
  EvaluationHistory history(database);
  for (const auto& error : errors_) history.add_error(evaluation_, error.label, error.error);
  if (pending_.empty()) return;
  Builds builds(database);
  const auto places = this->places(database);
  keep_derivations(places);
  const auto standings = builds.standings(candidate_builds());
  std::vector<std::string> facts;
  facts.reserve(pending_.size());
  for (const auto& target : pending_) facts.push_back(facts_of(target));
  const auto facts_ids = history.facts_ids(facts);

  std::vector<TargetRow> targets(pending_.size());
  std::vector<NewBuild> fresh;
  std::vector<std::size_t> fresh_of;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const auto& target = pending_[i];
    const auto set_id = places[i].output_set;
    auto& row = targets[i];
    row.label = target.label;
    row.derivation = places[i].derivation;
    row.facts = facts_ids[i];
    const auto [first, last] = candidates_.equal_range(target.label);
    const auto taken = std::find_if(first, last, [&](const auto& candidate) {
      if (set_id == 0 || candidate.second.output_set != set_id) return false;
      const auto build = standings.find(candidate.second.target.build);
      return build != standings.end() &&
             may_be_taken_over(build->first, build->second, without_outputs);
    });
    if (taken != last) {
      row.build = taken->second.target.build;
      // What is said of it may have changed although it is the same.
      const auto& standing = standings.at(row.build);
      if (standing.facts == row.facts) continue;
      const auto limits = limits_of_meta(target.meta_json, kUsualPriority);
      constituents_.insert_or_assign(target.label, target.constituents);
      builds.set_facts(row.build, row.facts);
      builds.set_priority(row.build, limits.priority);
      if (!standing.outcome) {
        to_change.push_back({row.build, std::nullopt, limits_in_run(limits, setting_.limits)});
      }
      continue;
    }
    NewBuild build;
    build.jobset = jobset_.id;
    build.label = target.label;
    build.derivation = row.derivation;
    if (set_id != 0) build.output_set = set_id;
    build.evaluation = evaluation_;
    build.name = target.name;
    build.system = target.system;
    build.facts = row.facts;
    build.priority = limits_of_meta(target.meta_json, kUsualPriority).priority;
    build.queued = setting_.clock.now();
    fresh.push_back(std::move(build));
    fresh_of.push_back(i);
  }
  const auto ids = builds.add(fresh);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& target = pending_[fresh_of[i]];
    targets[fresh_of[i]].build = ids[i];
    QueuedBuild queued{
        ids[i],
        static_cast<std::uint32_t>(jobset_.id),
        target.name,
        target.derivation,
        limits_in_run(limits_of_meta(target.meta_json, kUsualPriority), setting_.limits),
        0,
        0,
        {}};
    to_build.push_back(std::move(queued));
  }
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    builds_.insert_or_assign(pending_[i].label, targets[i].build);
    builds_of_derivations_.emplace(
        setting_.store.location().store_dir.print(pending_[i].derivation), targets[i].build);
    if (!pending_[i].constituents.empty()) {
      constituents_.insert_or_assign(pending_[i].label, pending_[i].constituents);
    }
  }
  add_targets(history, std::move(targets));
}

/// What is as it was, to the build, is only named.
void JobsetEvaluation::add_targets(EvaluationHistory& history, std::vector<TargetRow> targets) {
  const auto changed =
      std::stable_partition(targets.begin(), targets.end(), [&](const TargetRow& target) {
        const auto found = current_.find(target.label);
        if (found == current_.end()) return false;
        const auto& was = found->second->target;
        return target.derivation == was.derivation && target.facts == was.facts &&
               target.build == was.build;
      });
  history.add_unchanged(evaluation_, {targets.begin(), changed});
  history.add_targets(evaluation_, {changed, targets.end()});
}

bool JobsetEvaluation::may_be_taken_over(std::int64_t build, const BuildStanding& standing,
                                         const std::set<std::int64_t>& without_outputs) const {
  if (!standing.outcome) return true;
  switch (*standing.outcome) {
    case Outcome::good:
    case Outcome::failed_with_output:
      return !without_outputs.contains(build);
    case Outcome::aborted:
    case Outcome::unknown:
      return false;  // says nothing of it
    default:
      // Still failing, or cancelled: not tried again unless asked, or after a long time.
      return !standing.stopped || setting_.lifetimes.is_believed(
                                      *standing.outcome, *standing.stopped, setting_.clock.now());
  }
}

/// Before what is pending is recorded: its derivations become roots of the eval store.
void JobsetEvaluation::keep_derivations(const std::vector<Place>& places) {
  std::set<StorePath> fresh;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!rooted_derivations_.contains(places[i].derivation)) fresh.insert(pending_[i].derivation);
  }
  fault_point("serve.before-derivation-roots");
  holds_.push_back(setting_.roots.hold_derivations(jobset_.id, fresh));
  fault_point("serve.before-targets");
}

/// Of the builds that pending targets may take over: good ones whose outputs are not all there any
/// more. What is there stays.
std::set<std::int64_t> JobsetEvaluation::builds_without_outputs() {
  const auto candidates = candidate_builds();
  if (candidates.empty()) return {};
  std::vector<std::int64_t> good;
  std::map<std::int64_t, std::map<std::string, StorePath>> outputs;
  setting_.database.read([&](Database& database) {
    Builds builds(database);
    for (const auto& [build, standing] : builds.standings(candidates)) {
      const auto outcome = standing.outcome;
      if (outcome == Outcome::good || outcome == Outcome::failed_with_output) good.push_back(build);
    }
    outputs = builds.outputs(good);
  });
  std::set<StorePath> paths;
  for (const auto build : good) {
    for (const auto& [name, path] : outputs[build]) paths.insert(path);
  }
  setting_.store.add_temporary_roots(paths);  // before looking: what is there then stays
  const auto valid = setting_.store.valid_among(paths);
  std::set<std::int64_t> without;
  std::set<StorePath> unrooted;
  for (const auto& [build, found] : outputs) {
    const bool there =
        !found.empty() && std::all_of(found.begin(), found.end(),
                                      [&](const auto& it) { return valid.contains(it.second); });
    if (!there) {
      without.insert(build);
    } else if (!rooted_builds_.contains(build)) {
      for (const auto& [name, path] : found) unrooted.insert(path);
    }
  }
  holds_.push_back(setting_.roots.hold_results(jobset_.id, unrooted));
  return without;
}

}  // namespace grange
