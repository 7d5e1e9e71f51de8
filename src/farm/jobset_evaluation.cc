#include "farm/jobset_evaluation.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"
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

Sha256 digest_of(const FetchedInputs& inputs) {
  Sha256 digest{};
  const auto bytes = base16_decode(inputs.digest);
  if (!bytes || bytes->size() != digest.size()) {
    throw InvalidError("the digest of inputs, '" + inputs.digest + "', is none");
  }
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
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
    const auto selection = jobset_selection(*inputs);
    auto options = setting_.options;
    reader_ = directory_reader(
        StoreLocation::at_root(options.eval_store_root, setting_.store.location().store_dir)
            .real_store);
    finish(setting_.evaluator.evaluate(selection, options, *this, stop));
  } catch (const CancelledError&) {
    throw;  // the server stops: the next start finds it begun, and asks for it again
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable) throw;
    fail(error.what());
  }
  return evaluation_;
}

std::optional<FetchedInputs> JobsetEvaluation::fetch(const std::stop_token& stop) {
  try {
    const auto& settings = jobset_.settings;
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
           last.front().inputs_digest == digest_of(inputs);
  });
}

void JobsetEvaluation::begin(const FetchedInputs& inputs, double fetch_seconds) {
  NewEvaluation evaluation;
  evaluation.jobset = jobset_.id;
  evaluation.started = started_;
  evaluation.fetch_seconds = fetch_seconds;
  evaluation.inputs_digest = digest_of(inputs);
  for (const auto& input : inputs.inputs) {
    evaluation.inputs.push_back({input.name, std::string(to_string(input.type)), input.value,
                                 input.uri, input.revision,
                                 input.path ? input.path->base_name() : std::string()});
  }
  setting_.database.write([&](Database& database) {
    EvaluationHistory history(database);
    evaluation_ = history.begin(evaluation);
    candidates_.clear();
    for (auto& [label, target] : history.current(jobset_.id)) {
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
  errors_.push_back(std::move(error));
}

/// Records what has come, and then lets it be built.
void JobsetEvaluation::flush() {
  if (!pending_.empty()) {
    std::vector<StorePath> roots;
    roots.reserve(pending_.size());
    for (const auto& target : pending_) roots.push_back(target.derivation);
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
  setting_.database.write([&](Database& database) {
    to_build.clear();
    record(database, to_build);
  });
  recording_ += setting_.clock.monotonic() - began;
  pending_.clear();
  errors_.clear();
  flushed_ = setting_.clock.monotonic();
  fault_point("serve.targets-recorded");
  if (!to_build.empty()) setting_.driver.add(std::move(to_build));
}

void JobsetEvaluation::record(Database& database, std::vector<QueuedBuild>& to_build) {
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
  const auto set_ids = output_set_ids(database, sets);
  auto next_set = set_ids.begin();

  std::vector<std::int64_t> asked;
  for (const auto& target : pending_) {
    const auto [first, last] = candidates_.equal_range(target.label);
    for (auto at = first; at != last; ++at) asked.push_back(at->second.target.build);
  }
  const auto outcomes = builds.outcomes(asked);
  const auto without_outputs = builds_without_outputs(database, outcomes);
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
    const auto [first, last] = candidates_.equal_range(target.label);
    const auto taken = std::find_if(first, last, [&](const auto& candidate) {
      if (set_id == 0 || candidate.second.output_set != set_id) return false;
      const auto build = outcomes.find(candidate.second.target.build);
      return build != outcomes.end() &&
             may_be_taken_over(build->first, build->second, without_outputs);
    });
    if (taken != last) {
      row.build = taken->second.target.build;
      continue;
    }
    const auto limits = limits_of_meta(target.meta_json);
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
    QueuedBuild queued{ids[i],
                       static_cast<std::uint32_t>(jobset_.id),
                       target.name,
                       target.derivation,
                       limits_in_run(limits_of_meta(target.meta_json), setting_.limits),
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

bool JobsetEvaluation::may_be_taken_over(std::int64_t build, std::optional<Outcome> outcome,
                                         const std::set<std::int64_t>& without_outputs) {
  if (!outcome) return true;
  switch (*outcome) {
    case Outcome::good:
    case Outcome::failed_with_output:
      return !without_outputs.contains(build);
    case Outcome::aborted:
    case Outcome::unknown:
      return false;  // says nothing of it
    default:
      return true;  // still failing, or cancelled: not tried again unless asked
  }
}

/// Good builds whose outputs are not all there any more.
std::set<std::int64_t> JobsetEvaluation::builds_without_outputs(
    Database& database, const std::map<std::int64_t, std::optional<Outcome>>& outcomes) const {
  std::vector<std::int64_t> good;
  for (const auto& [build, outcome] : outcomes) {
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
  for (const auto& [build, found] : outputs) {
    const bool there =
        !found.empty() && std::all_of(found.begin(), found.end(),
                                      [&](const auto& it) { return valid.contains(it.second); });
    if (!there) without.insert(build);
  }
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
