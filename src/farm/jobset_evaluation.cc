#include "farm/jobset_evaluation.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"
#include "farm/commit_history.h"
#include "farm/farm_events.h"
#include "farm/target_limits.h"
#include "record/column_values.h"
#include "record/derivations.h"

namespace grange {
namespace {

/// So many targets, or as many as came in this time, are recorded together.
constexpr std::size_t kRecordedTogether = 1000;
constexpr Seconds kRecordedAfter{0.5};

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

/// Where imports are allowed the same inputs are evaluated anew once.
Sha256 digest_of(const FetchedInputs& inputs, const JobsetSettings& settings) {
  Sha256 digest{};
  const auto bytes = base16_decode(inputs.digest);
  if (!bytes || bytes->size() != digest.size()) {
    throw InvalidError("the digest of inputs, '" + inputs.digest + "', is none");
  }
  if (settings.allow_import_from_derivation) {
    return sha256("imports " + inputs.digest);
  }
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

/// Nix names its own setting; people set the jobset's.
std::string with_import_hint(std::string message) {
  constexpr std::string_view kRefused = "'allow-import-from-derivation' is disabled";
  if (message.find(kRefused) != std::string::npos) {
    message +=
        "\nThe jobset does not allow import-from-derivation; its setting "
        "allowImportFromDerivation does.";
  }
  return message;
}

std::vector<JobsetInput> inputs_of(const JobsetSettings& settings) {
  std::vector<JobsetInput> inputs;
  for (const auto& [name, input] : settings.inputs) {
    inputs.push_back({name, parse_input_type(input.type), input.value});
  }
  return inputs;
}

}  // namespace

JobsetEvaluation::JobsetEvaluation(const EvaluationSetting& setting, Jobset jobset)
    : setting_(setting), jobset_(std::move(jobset)), forced_(jobset_.status.forced) {}

std::optional<std::int64_t> JobsetEvaluation::run(const std::stop_token& stop) {
  started_ = setting_.clock.now();
  setting_.database.write(
      [&](Database& database) { Jobsets(database).begin_evaluating(jobset_.id, started_); });
  const auto inputs = fetch(stop);
  if (!inputs) return std::nullopt;
  record_history(*inputs, stop);
  if (!forced_ && is_unchanged(*inputs)) {
    setting_.database.write([&](Database& database) {
      // What was wrong with the evaluation of the same inputs still is.
      end_in(database, "", jobset_.status.problem);
    });
    tell("evaluation-unchanged");
    return std::nullopt;
  }
  const auto fetched = setting_.clock.now();
  begin(*inputs, Seconds(fetched - started_).count());
  fault_point("serve.evaluation-begun");
  try {
    stop_ = stop;
    auto options = setting_.options;
    if (!imports()) options.imports.reset();
    reader_ = directory_reader(
        StoreLocation::at_root(options.eval_store_root, setting_.store.location().store_dir)
            .real_store);
    finish(setting_.evaluator.evaluate(selection(*inputs, stop), options, *this, stop));
  } catch (const CancelledError&) {
    throw;  // the server stops: the next start finds it begun, and asks for it again
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable) throw;
    fail(with_import_hint(error.what()));
  }
  return evaluation_;
}

/// What people are told beside; an evaluation does not depend on it.
void JobsetEvaluation::record_history(const FetchedInputs& inputs, const std::stop_token& stop) {
  try {
    record_commits(setting_.database, setting_.fetcher, inputs, setting_.clock.now(), stop);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {
    setting_.warn("the commits of " + jobset_.full_name() + " are not recorded: " + error.what());
  }
}

/// May its expressions import what derivations come to?
bool JobsetEvaluation::imports() const {
  return jobset_.settings.allow_import_from_derivation && setting_.options.imports;
}

/// With imports the evaluators use the store where results are, so that it must have the inputs.
Selection JobsetEvaluation::selection(const FetchedInputs& inputs, const std::stop_token& stop) {
  if (!imports()) return jobset_selection(inputs);
  std::set<StorePath> paths;
  for (const auto& input : inputs.inputs) {
    if (input.path) paths.insert(*input.path);
  }
  FetchedInputs there = inputs;
  there.store = std::shared_ptr<LocalStore>(setting_.store.session());
  there.store->add_temporary_roots(paths);
  there.store->copy_closure_from(*inputs.store, paths, stop);
  inputs_there_ = there.store;
  return jobset_selection(there);
}

/// Derivations that evaluators left in the store where results are become those of the eval store,
/// like all others: a collection of results does not take them before they are made.
void JobsetEvaluation::keep_imported(const std::vector<StorePath>& derivations) {
  if (!eval_store_) {
    eval_store_ = LocalStore::open(StoreLocation::at_root(setting_.options.eval_store_root,
                                                          setting_.store.location().store_dir));
  }
  const std::set<StorePath> paths(derivations.begin(), derivations.end());
  eval_store_->copy_closure_from(setting_.store, paths, stop_);
}

std::optional<FetchedInputs> JobsetEvaluation::fetch(const std::stop_token& stop) {
  try {
    const auto& settings = jobset_.settings;
    if (!settings.flake.empty()) return setting_.fetcher.fetch_flake(settings.flake, stop);
    return setting_.fetcher.fetch(inputs_of(settings),
                                  {settings.expression_input, settings.expression_path}, stop);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {
    const std::string problem = error.what();
    setting_.database.write(
        [&](Database& database) { end_in(database, problem, jobset_.status.problem); });
    tell("evaluation-failed");
    return std::nullopt;
  }
}

bool JobsetEvaluation::is_unchanged(const FetchedInputs& inputs) const {
  return setting_.database.read([&](Database& database) {
    EvaluationHistory history(database);
    // A failed one says nothing of the inputs that another try would not.
    const auto last = history.of_jobset(jobset_.id, 0, 1);
    return !last.empty() && last.front().state == EvaluationRow::State::complete &&
           last.front().inputs_digest == digest_of(inputs, jobset_.settings);
  });
}

void JobsetEvaluation::begin(const FetchedInputs& inputs, double fetch_seconds) {
  NewEvaluation evaluation;
  evaluation.jobset = jobset_.id;
  evaluation.started = started_;
  evaluation.fetch_seconds = fetch_seconds;
  evaluation.inputs_digest = digest_of(inputs, jobset_.settings);
  for (const auto& input : inputs.inputs) {
    evaluation.inputs.push_back(
        {input.name, std::string(to_string(input.type)), input.value, input.uri, input.revision,
         input.path ? input.path->base_name() : std::string(), input.reference});
  }
  setting_.database.write([&](Database& database) {
    EvaluationHistory history(database);
    evaluation_ = history.begin(evaluation);
    candidates_.clear();
    for (auto& [label, target] : history.current(jobset_.id)) {
      if (jobset_.settings.keep > 0) rooted_builds_.insert(target.target.build);
      rooted_derivations_.insert(target.target.derivation);
      candidates_.emplace(label, std::move(target));
    }
    for (auto& target : history.since_last_complete(jobset_.id)) {
      auto label = target.target.label;
      candidates_.emplace(std::move(label), std::move(target));
    }
  });
  tell("evaluation-started");
}

void JobsetEvaluation::target(EvaluatedTarget target) {
  // As every database takes them; what is no text for it is nobody's name either.
  target.label = text_to_column(target.label);
  target.name = text_to_column(target.name);
  target.system = text_to_column(target.system);
  pending_.push_back(std::move(target));
  const auto now = setting_.clock.monotonic();
  if (pending_.size() >= kRecordedTogether || Seconds(now - flushed_) >= kRecordedAfter) flush();
}

void JobsetEvaluation::error(EvaluationError error) {
  error.error = with_import_hint(std::move(error.error));
  errors_.push_back(std::move(error));
}

/// Records what has come, and then lets it be built.
void JobsetEvaluation::flush() {
  if (!pending_.empty()) {
    std::vector<StorePath> roots;
    roots.reserve(pending_.size());
    for (const auto& target : pending_) roots.push_back(target.derivation);
    if (imports()) keep_imported(roots);
    GraphOptions options;
    options.may_grow = true;
    if (graph_) {
      graph_->extend(roots, reader_, options);
    } else {
      graph_ = DerivationGraph::load(setting_.store.location().store_dir, roots, reader_, options);
    }
  }
  std::vector<QueuedBuild> to_build;
  const auto began = setting_.clock.monotonic();
  std::vector<BuildChange> to_change;
  setting_.database.write([&](Database& database) {
    to_build.clear();
    to_change.clear();
    record(database, to_build, to_change);
  });
  recording_ += setting_.clock.monotonic() - began;
  pending_.clear();
  errors_.clear();
  flushed_ = setting_.clock.monotonic();
  fault_point("serve.targets-recorded");
  if (!to_build.empty()) setting_.driver.add(std::move(to_build));
  if (!to_change.empty()) setting_.driver.change(to_change);
}

void JobsetEvaluation::record(Database& database, std::vector<QueuedBuild>& to_build,
                              std::vector<BuildChange>& to_change) {
  EvaluationHistory history(database);
  for (const auto& error : errors_) history.add_error(evaluation_, error.label, error.error);
  if (pending_.empty()) return;
  Builds builds(database);
  std::vector<DerivationIndex> indices;
  std::vector<OutputSetId> sets;
  for (const auto& target : pending_) {
    indices.push_back(graph_->find(target.derivation).value());
    if (const auto set = graph_->output_set(indices.back())) sets.push_back(*set);
  }
  const auto derivations = Derivations(database).add(*graph_, indices, reader_);
  keep_derivations(derivations);
  const auto set_ids = output_set_ids(database, sets);
  auto next_set = set_ids.begin();

  std::vector<std::int64_t> asked;
  for (const auto& target : pending_) {
    const auto [first, last] = candidates_.equal_range(target.label);
    for (auto at = first; at != last; ++at) asked.push_back(at->second.target.build);
  }
  const auto standings = builds.standings(asked);
  const auto without_outputs = builds_without_outputs(database, standings);
  std::vector<std::string> facts;
  facts.reserve(pending_.size());
  for (const auto& target : pending_) facts.push_back(facts_of(target));
  const auto facts_ids = history.facts_ids(facts);

  std::vector<TargetRow> targets(pending_.size());
  std::vector<NewBuild> fresh;
  std::vector<std::size_t> fresh_of;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const auto& target = pending_[i];
    const auto set = graph_->output_set(indices[i]);
    const std::int64_t set_id = set ? *next_set++ : 0;
    auto& row = targets[i];
    row.label = target.label;
    row.derivation = derivations[i];
    row.facts = facts_ids[i];
    const auto limits = limits_of_meta(target.meta_json, kUsualPriority);
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
    build.derivation = derivations[i];
    if (set_id != 0) build.output_set = set_id;
    build.evaluation = evaluation_;
    build.name = target.name;
    build.system = target.system;
    build.facts = row.facts;
    build.priority = limits.priority;
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
  history.add_targets(evaluation_, targets);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    builds_.insert_or_assign(pending_[i].label, targets[i].build);
    builds_of_derivations_.emplace(
        setting_.store.location().store_dir.print(pending_[i].derivation), targets[i].build);
    if (!pending_[i].constituents.empty()) {
      constituents_.insert_or_assign(pending_[i].label, pending_[i].constituents);
    }
  }
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
void JobsetEvaluation::keep_derivations(const std::vector<std::int64_t>& rows) {
  std::set<StorePath> fresh;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rooted_derivations_.contains(rows[i])) fresh.insert(pending_[i].derivation);
  }
  fault_point("serve.before-derivation-roots");
  holds_.push_back(setting_.roots.hold_derivations(jobset_.id, fresh));
  fault_point("serve.before-targets");
}

/// Good builds whose outputs are not all there any more. What is there stays.
std::set<std::int64_t> JobsetEvaluation::builds_without_outputs(
    Database& database, const std::map<std::int64_t, BuildStanding>& standings) {
  std::vector<std::int64_t> good;
  for (const auto& [build, standing] : standings) {
    const auto outcome = standing.outcome;
    if (outcome == Outcome::good || outcome == Outcome::failed_with_output) good.push_back(build);
  }
  auto outputs = Builds(database).outputs(good);
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

void JobsetEvaluation::finish(const EvaluationSummary& summary) {
  flush();
  if (!summary.complete) {
    fail(summary.problem.empty() ? "the evaluation is incomplete" : summary.problem);
    return;
  }
  fault_point("serve.before-evaluation-complete");
  const auto began = setting_.clock.monotonic();
  setting_.database.write([&](Database& database) {
    EvaluationHistory(database).complete(evaluation_, setting_.clock.now());
    set_constituents(database);
    std::string problem;
    for (const auto& [label, message] : EvaluationHistory(database).errors(evaluation_)) {
      problem += "in target '" + label + "': " + message + "\n";
    }
    end_in(database, "", problem);
  });
  recording_ += setting_.clock.monotonic() - began;
  fault_point("serve.evaluation-complete");
  tell("evaluation-finished");
}

void JobsetEvaluation::set_constituents(Database& database) {
  Builds builds(database);
  for (const auto& [label, constituents] : constituents_) {
    std::vector<std::int64_t> ids;
    for (const auto& constituent : constituents) {
      if (const auto found = builds_.find(constituent); found != builds_.end()) {
        ids.push_back(found->second);
      } else if (const auto by_path = builds_of_derivations_.find(constituent);
                 by_path != builds_of_derivations_.end()) {
        ids.push_back(by_path->second);
      }
    }
    builds.set_constituents(builds_.at(label), ids);
  }
}

void JobsetEvaluation::fail(const std::string& problem) {
  setting_.database.write([&](Database& database) {
    EvaluationHistory(database).fail(evaluation_, setting_.clock.now(), problem);
    end_in(database, "", problem);
  });
  tell("evaluation-failed");
}

void JobsetEvaluation::end_in(Database& database, const std::string& fetch_problem,
                              const std::string& problem) {
  Jobsets(database).end_evaluating(jobset_, setting_.clock.now(), fetch_problem, problem);
}

void JobsetEvaluation::tell(std::string_view kind) {
  const auto now = setting_.clock.now();
  std::vector<EventRow> events;
  setting_.database.write([&](Database& database) {
    events.clear();
    if (evaluation_ != 0) {
      if (const auto row = EvaluationHistory(database).find(evaluation_)) {
        events.push_back(evaluation_event(kind, *row, now, recording_));
      }
    } else {
      events.push_back(jobset_event(kind, jobset_, now));
    }
    Events(database).add(events);
  });
  setting_.bus.publish(events);
}

}  // namespace grange
