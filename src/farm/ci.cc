#include "farm/ci.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/fault.h"
#include "build/output_maps.h"
#include "farm/attempt_log.h"
#include "farm/cache_publication.h"
#include "farm/ci_checks.h"
#include "farm/closure_sizes.h"
#include "farm/expected_durations.h"
#include "farm/outputs_there.h"
#include "farm/source_files.h"
#include "farm/source_reader.h"
#include "farm/source_state.h"
#include "farm/target_limits.h"
#include "farm/target_reports.h"
#include "store/root_sets.h"

namespace grange {
namespace {

/// Gathers an evaluation as it streams.
class Collector final : public TargetSink {
 public:
  Collector(CiReport& report, CiObserver& observer) : report_(report), observer_(observer) {}

  void target(EvaluatedTarget found) override {
    Target target{std::move(found.attr_path),
                  std::move(found.derivation),
                  std::move(found.name),
                  std::move(found.system),
                  {},
                  std::nullopt,
                  Outcome::unknown};
    for (auto& [name, path] : found.outputs) target.outputs.push_back(std::move(name));
    limits_.insert_or_assign(found.label, limits_of_meta(found.meta_json));
    report_.map.targets.insert_or_assign(std::move(found.label), std::move(target));
    tell();
  }

  void error(EvaluationError failed) override {
    observer_.evaluation_error(failed.label, failed.error);
    report_.map.errors.insert_or_assign(
        std::move(failed.label), TargetError{std::move(failed.attr_path), std::move(failed.error)});
    tell();
  }

  const StepLimits& limits(const std::string& label) const { return limits_.at(label); }

 private:
  void tell() { observer_.evaluated(report_.map.targets.size(), report_.map.errors.size()); }

  CiReport& report_;
  CiObserver& observer_;
  std::map<std::string, StepLimits> limits_;
};

/// One walk, phase by phase; the phases share what they find out.
class Walk {
 public:
  Walk(const CiOptions& options, Workshop& workshop, Evaluator& evaluator, Record& record,
       ProcessRunner& programs, const Clock& clock, CiObserver& observer, std::stop_token stop)
      : options_(options),
        workshop_(workshop),
        evaluator_(evaluator),
        record_(record),
        programs_(programs),
        clock_(clock),
        observer_(observer),
        stop_(std::move(stop)),
        collector_(report_, observer) {}

  CiReport run() {
    const TimePoint started = clock_.now();
    const std::string selection = options_.selection.canonical();
    find_base(started, selection);
    evaluate();
    compare();
    find_skips();
    build();
    measure();
    check();
    remember(started, selection);
    keep_results(selection);
    publish();
    return std::move(report_);
  }

 private:
  void find_base(TimePoint now, const std::string& selection) {
    source_ = look_at_source(options_.selection, programs_, stop_);
    if (options_.keep_for) {
      const auto age = std::chrono::duration_cast<TimePoint::duration>(*options_.keep_for);
      record_.forget_before(now - age, selection, source_.line);
    }
    base_ = choose_base(options_.base, options_.selection, source_, record_, now);
    report_.base = base_.description;
    report_.base_details = {
        base_.how,    base_.place, base_.commit, base_.age_seconds, base_.trust == BaseTrust::all,
        base_.remarks};
  }

  void evaluate() {
    const auto begin = clock_.monotonic();
    report_.map.store_dir = workshop_.config().store_dir;
    const auto summary =
        evaluator_.evaluate(options_.selection, options_.evaluate, collector_, stop_);
    report_.complete = report_.map.complete = summary.complete;
    report_.evaluation_problem = summary.problem;
    look_again(source_, options_.selection);
    if (source_.commit) report_.map.commit = source_.commit->str();
    report_.evaluate_seconds = Seconds(clock_.monotonic() - begin).count();
  }

  void compare() {
    const auto begin = clock_.monotonic();
    const TargetMap nothing{workshop_.config().store_dir, {}, {}, true, ""};
    const TargetMap& base = base_.map ? *base_.map : nothing;
    const auto reader = directory_reader(workshop_.eval_store().location().real_store);
    graph_ = DerivationGraph::load(workshop_.config().store_dir, roots(base), reader);
    for (auto& [label, target] : report_.map.targets) {
      if (const auto index = graph_->find(target.derivation)) {
        target.output_set = graph_->output_set(*index);
      }
    }
    report_.comparison = compare_targets(base, report_.map, *graph_, reader);
    for (const auto& verdict : report_.comparison.targets) {
      TargetReport target;
      target.label = verdict.label;
      target.verdict = verdict.verdict;
      target.in_base = verdict.verdict != Verdict::added;
      target.base_outcome = base_.outcome(verdict.label);
      report_.targets.push_back(std::move(target));
    }
    if (base_.map) {
      const auto sources = source_reader(workshop_.eval_store().location().real_store);
      const auto changes = Changes::find(base, report_.map, *graph_, reader, sources);
      report_.explanation = explain(*graph_, changes, report_.map,
                                    expected_durations(*graph_, changes.changed(), record_),
                                    which_are_there(*graph_, changes.changed(), workshop_.store()));
      find_source_files(report_.explanation, workshop_.eval_store().location().real_store, {},
                        stop_);
    }
    add_evaluation_errors();
    report_.compare_seconds = Seconds(clock_.monotonic() - begin).count();
  }

  /// The head's derivations, and the base's where a label now stands for another one.
  std::vector<StorePath> roots(const TargetMap& base) const {
    std::vector<StorePath> paths;
    for (const auto& [label, target] : report_.map.targets) paths.push_back(target.derivation);
    for (const auto& [label, target] : base.targets) {
      const auto head = report_.map.targets.find(label);
      if (head == report_.map.targets.end() || head->second.derivation != target.derivation) {
        paths.push_back(target.derivation);
      }
    }
    return paths;
  }

  void add_evaluation_errors() {
    for (const auto& [label, error] : report_.map.errors) {
      TargetReport target;
      target.label = label;
      target.in_base =
          base_.map && (base_.map->targets.contains(label) || base_.map->errors.contains(label));
      target.verdict = target.in_base ? Verdict::changed : Verdict::added;
      target.base_outcome = base_.outcome(label);
      target.outcome = Outcome::failed;
      target.evaluation_failed = true;
      target.message = error.error;
      report_.targets.push_back(std::move(target));
    }
    std::sort(report_.targets.begin(), report_.targets.end(),
              [](const TargetReport& a, const TargetReport& b) { return a.label < b.label; });
  }

  /// Rule 6: same or equivalent, its base known good, and its outputs still there.
  void find_skips() {
    std::vector<TargetReport*> candidates;
    std::vector<StorePath> derivations;
    for (auto& target : report_.targets) {
      const bool unchanged =
          target.verdict == Verdict::same || target.verdict == Verdict::equivalent;
      if (!unchanged || target.base_outcome != Outcome::good) continue;
      candidates.push_back(&target);
      derivations.push_back(report_.map.targets.at(target.label).derivation);
    }
    if (candidates.empty()) return;
    const auto outputs = output_maps(*graph_, derivations, workshop_.store());
    std::set<StorePath> paths;
    for (const auto& map : outputs) {
      for (const auto& [name, path] : map) {
        if (path) paths.insert(*path);
      }
    }
    workshop_.store().add_temporary_roots(paths);  // before looking: what is there then stays
    const auto valid = workshop_.store().valid_among(paths);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const bool there = std::all_of(outputs[i].begin(), outputs[i].end(), [&](const auto& output) {
        return output.second && valid.contains(*output.second);
      });
      if (!there || outputs[i].empty()) continue;
      candidates[i]->skipped = true;
      candidates[i]->outcome = Outcome::good;
      for (const auto& [name, path] : outputs[i]) candidates[i]->outputs.emplace(name, *path);
    }
  }

  void build() {
    const auto begin = clock_.monotonic();
    std::vector<RealiseRequest> requests;
    std::vector<TargetReport*> asked;
    for (auto& target : report_.targets) {
      if (target.skipped || target.evaluation_failed || target.verdict == Verdict::removed) {
        continue;
      }
      const auto index = graph_->find(report_.map.targets.at(target.label).derivation);
      requests.push_back(
          {*index, {}, limits_in_run(collector_.limits(target.label), options_.limits)});
      asked.push_back(&target);
    }
    observer_.compared(report_.comparison, requests.size());
    if (!requests.empty()) {
      AttemptLog log(*graph_, record_, clock_, workshop_.policy(), observer_, report_.attempts);
      RealiseOptions realise_options;
      realise_options.jobs = options_.jobs;
      realise_options.policy = workshop_.policy();
      realise_options.further_recipes = base_recipes();
      realise_options.substituters = &workshop_.substituters();
      if (!options_.retry) realise_options.known_failure = log.known_failures();
      std::vector<Realised> finished;
      try {
        finished = realise(*graph_, workshop_.eval_store(), workshop_.store(), workshop_.builder(),
                           requests, realise_options, log, stop_);
      } catch (...) {
        log.flush();  // what was made until then is remembered all the same
        throw;
      }
      log.flush();
      for (std::size_t i = 0; i < finished.size(); ++i) take(*asked[i], finished[i]);
      read_reports(asked, requests);
      report_.present = log.present();
      report_.cut_off = log.cut_off();
      report_.conflicts = log.conflicts();
      const auto fetched = workshop_.substituters().fetched();
      report_.fetched_paths = fetched.paths;
      report_.fetched_bytes = fetched.bytes;
    }
    report_.build_seconds = Seconds(clock_.monotonic() - begin).count();
  }

  /// How large what changed was and is: once everything that could be made is there.
  void measure() {
    if (!base_.map) return;
    find_closure_sizes(report_.explanation, report_.comparison, *base_.map, report_.map, *graph_,
                       workshop_.store());
  }

  void check() {
    if (options_.check == CheckScope::none && !options_.check_sources) return;
    const auto begin = clock_.monotonic();
    StepLimits limits = options_.limits;  // enough for whomever it was made for
    for (const auto& [label, target] : report_.map.targets) {
      limits = limits.joined(limits_in_run(collector_.limits(label), options_.limits));
    }
    run_checks(options_, limits, *graph_, workshop_, record_, clock_, observer_, stop_, report_);
    report_.check_seconds = Seconds(clock_.monotonic() - begin).count();
  }

  /// Rule 5: where a source was rewritten, the base's recipe is tried when the new one fails.
  std::vector<DerivationIndex> base_recipes() const {
    std::vector<DerivationIndex> recipes;
    for (const auto& rewritten : report_.comparison.rewritten) {
      if (const auto index = graph_->find(rewritten.base)) recipes.push_back(*index);
    }
    return recipes;
  }

  void take(TargetReport& target, const Realised& finished) {
    target.outcome = finished.outcome;
    target.outputs = finished.outputs;
    target.made = finished.made;
    target.message = finished.message;
    for (const auto input : finished.failed_inputs) {
      target.failed_inputs.push_back(workshop_.config().store_dir.print(graph_->path(input)));
    }
  }

  void read_reports(const std::vector<TargetReport*>& targets,
                    const std::vector<RealiseRequest>& requests) {
    const TargetReports reports(workshop_.store(), *graph_, report_.attempts, stop_);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      auto& target = *targets[i];
      if (target.outcome != Outcome::good && target.outcome != Outcome::failed_with_output) {
        continue;
      }
      target.report = reports.of(requests[i].derivation, target.outputs);
      apply_report(target.report, target.outcome, target.message);
    }
  }

  void remember(TimePoint started, const std::string& selection) {
    for (const auto& target : report_.targets) {
      const auto found = report_.map.targets.find(target.label);
      if (found != report_.map.targets.end()) found->second.outcome = target.outcome;
    }
    fault_point("farm.before-evaluation");
    record_.add_evaluation({0, selection, started, clock_.now(), report_.map, source_.line});
  }

  /// Good targets' outputs become roots of this selection; a target that is not good keeps what it
  /// last had, and one that is gone keeps nothing.
  void keep_results(const std::string& selection) {
    GroupedRoots roots;
    std::set<StorePath> paths;
    std::set<std::string> kept;
    for (const auto& target : report_.targets) {
      if (target.verdict == Verdict::removed) continue;
      if (target.outcome != Outcome::good) {
        kept.insert(target.label);
        continue;
      }
      if (!target.outputs.empty()) roots.emplace(target.label, target.outputs);
      for (const auto& [name, path] : target.outputs) paths.insert(path);
    }
    fault_point("farm.before-roots");
    RootSet(workshop_.store().location(), selection).update(roots, kept, !report_.complete);
    workshop_.store().renew_temporary_roots(paths);
  }

  void publish() {
    if (!options_.caches.empty()) publish_to_caches();
    for (const auto& place : options_.publish) {
      report_.publications.push_back(publish_map(place, report_.map, source_, clock_.now()));
    }
  }

  void publish_to_caches() {
    std::set<StorePath> outputs;
    std::vector<DerivationIndex> derivations;
    for (const auto& target : report_.targets) {
      if (target.outcome != Outcome::good || target.verdict == Verdict::removed) continue;
      const auto index = graph_->find(report_.map.targets.at(target.label).derivation);
      if (!index || graph_->kind(*index) == DerivationKind::impure) continue;
      for (const auto& [name, path] : target.outputs) outputs.insert(path);
      derivations.push_back(*index);
    }
    for (const auto& cache : options_.caches) {
      report_.caches.push_back(
          publish_outputs(cache, workshop_, *graph_, derivations, outputs, options_.jobs, stop_));
    }
  }

  const CiOptions& options_;
  Workshop& workshop_;
  Evaluator& evaluator_;
  Record& record_;
  ProcessRunner& programs_;
  const Clock& clock_;
  CiObserver& observer_;
  std::stop_token stop_;
  SourceState source_;
  CiReport report_;
  Collector collector_;
  Base base_;
  std::optional<DerivationGraph> graph_;
};

}  // namespace

CiReport run_ci(const CiOptions& options, Workshop& workshop, Evaluator& evaluator, Record& record,
                ProcessRunner& programs, const Clock& clock, CiObserver& observer,
                std::stop_token stop) {
  return Walk(options, workshop, evaluator, record, programs, clock, observer, std::move(stop))
      .run();
}

}  // namespace grange
