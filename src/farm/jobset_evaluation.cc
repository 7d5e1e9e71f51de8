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
    current_.clear();
    for (auto& [label, target] : history.current(jobset_.id)) {
      if (jobset_.settings.keep > 0) rooted_builds_.insert(target.target.build);
      rooted_derivations_.insert(target.target.derivation);
      const auto place = candidates_.emplace(label, std::move(target));
      current_.emplace(label, &place->second);
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
      problem.append("in target '").append(label).append("': ").append(message).append("\n");
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
