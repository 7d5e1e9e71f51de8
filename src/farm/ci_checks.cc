#include "farm/ci_checks.h"

#include <algorithm>
#include <set>
#include <utility>

#include "build/output_maps.h"
#include "farm/attempt_log.h"

namespace grange {
namespace {

class Checks {
 public:
  Checks(const CiOptions& options, const StepLimits& limits, const DerivationGraph& graph,
         Workshop& workshop, Record& record, const Clock& clock, CiObserver& observer,
         const std::stop_token& stop, CiReport& report)
      : options_(options),
        limits_(limits),
        graph_(graph),
        workshop_(workshop),
        record_(record),
        clock_(clock),
        observer_(observer),
        stop_(stop),
        report_(report) {}

  void run() {
    if (options_.check_sources) check_sources();
    if (options_.check != CheckScope::none) {
      make(outputs_to_check(), BuildPolicy::Mode::check, false);
    }
  }

 private:
  BuildPolicy policy(BuildPolicy::Mode mode) const {
    BuildPolicy policy = workshop_.policy();
    policy.mode = mode;
    return policy;
  }

  /// Should it give the same each time? Impure ones need not, and fixed ones cannot do else.
  bool is_reproducible(DerivationIndex derivation) const {
    if (graph_.state(derivation) != DerivationGraph::State::verified) return false;
    const auto kind = graph_.kind(derivation);
    return kind != DerivationKind::fixed && kind != DerivationKind::impure;
  }

  std::vector<DerivationIndex> outputs_to_check() const {
    std::set<DerivationIndex> found;
    const auto add = [&](const StorePath& derivation) {
      const auto index = graph_.find(derivation);
      if (index && is_reproducible(*index)) found.insert(*index);
    };
    if (options_.check == CheckScope::all) {
      for (const auto& target : report_.targets) {
        const auto named = report_.map.targets.find(target.label);
        const bool good = target.outcome == Outcome::good;
        if (good && named != report_.map.targets.end()) add(named->second.derivation);
      }
    } else {
      for (const auto& attempt : report_.attempts) {
        if (attempt.result.good() && !attempt.result.already_valid) add(attempt.derivation);
      }
    }
    return {found.begin(), found.end()};
  }

  void check_sources() {
    const auto sources = fixed_outputs();
    std::vector<RecipeQuery> queries;
    for (const auto source : sources) {
      queries.push_back({*graph_.output_set(source), graph_.path(source)});
    }
    const auto histories =
        record_.recipe_histories(queries, {policy_text(policy(BuildPolicy::Mode::normal)),
                                           policy_text(policy(BuildPolicy::Mode::check))});
    std::set<StorePath> rewritten;
    for (const auto& recipe : report_.comparison.rewritten) rewritten.insert(recipe.head);
    std::vector<DerivationIndex> untried;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto& path = queries[i].recipe;
      if (!histories[i].made_by_another && !rewritten.contains(path)) continue;
      const auto& last = histories[i].last;
      if (!last || (options_.retry && !last->result.good())) {
        untried.push_back(sources[i]);
      } else if (!last->result.good()) {
        report_.checks.push_back({path, true, last->result.outcome, last->result.message, true});
      }
    }
    // What is not there anyway may as well be made.
    const auto there = valid(untried);
    make(there, BuildPolicy::Mode::check, true);
    std::vector<DerivationIndex> missing;
    std::set_difference(untried.begin(), untried.end(), there.begin(), there.end(),
                        std::back_inserter(missing));
    make(missing, BuildPolicy::Mode::normal, true);
  }

  /// All that the targets are made of, sorted.
  std::vector<DerivationIndex> fixed_outputs() const {
    std::vector<bool> seen(graph_.size(), false);
    std::vector<DerivationIndex> stack;
    const auto visit = [&](DerivationIndex index) {
      if (seen[index]) return;
      seen[index] = true;
      stack.push_back(index);
    };
    for (const auto& [label, target] : report_.map.targets) {
      if (const auto index = graph_.find(target.derivation)) visit(*index);
    }
    std::vector<DerivationIndex> found;
    while (!stack.empty()) {
      const auto next = stack.back();
      stack.pop_back();
      const bool verified = graph_.state(next) == DerivationGraph::State::verified;
      if (verified && graph_.kind(next) == DerivationKind::fixed && graph_.output_set(next)) {
        found.push_back(next);
      }
      for (const auto& edge : graph_.inputs(next)) visit(edge.input);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  std::vector<DerivationIndex> valid(const std::vector<DerivationIndex>& of) {
    std::vector<StorePath> derivations;
    for (const auto index : of) derivations.push_back(graph_.path(index));
    const auto maps = output_maps(graph_, derivations, workshop_.store());
    std::set<StorePath> paths;
    for (const auto& map : maps) {
      for (const auto& [name, path] : map) {
        if (path) paths.insert(*path);
      }
    }
    for (const auto& path : paths) workshop_.store().add_temporary_root(path);
    const auto there = workshop_.store().valid_among(paths);
    std::vector<DerivationIndex> found;
    for (std::size_t i = 0; i < of.size(); ++i) {
      const bool all = std::all_of(maps[i].begin(), maps[i].end(), [&](const auto& output) {
        return output.second && there.contains(*output.second);
      });
      if (all && !maps[i].empty()) found.push_back(of[i]);
    }
    return found;
  }

  void make(const std::vector<DerivationIndex>& derivations, BuildPolicy::Mode mode, bool source) {
    if (derivations.empty()) return;
    std::vector<RealiseRequest> requests;
    for (const auto index : derivations) requests.push_back({index, {}, limits_});
    std::vector<AttemptReport> attempts;
    AttemptLog log(graph_, record_, clock_, workshop_.policy(), observer_, attempts);
    RealiseOptions options;
    options.jobs = options_.jobs;
    options.policy = policy(mode);
    if (!options_.retry && mode == BuildPolicy::Mode::check) {
      options.known_failure = log.known_failures();  // asked of what must be made for it first
    }
    std::vector<Realised> finished;
    try {
      finished = realise(graph_, workshop_.eval_store(), workshop_.store(), workshop_.builder(),
                         requests, options, log, stop_);
    } catch (...) {
      log.flush();
      throw;
    }
    log.flush();
    for (std::size_t i = 0; i < finished.size(); ++i) {
      report_.checks.push_back({graph_.path(derivations[i]), source, finished[i].outcome,
                                std::move(finished[i].message), false});
    }
    for (auto& attempt : attempts) {  // what had to be made for it
      const auto index = graph_.find(attempt.derivation);
      const bool asked =
          index && std::binary_search(derivations.begin(), derivations.end(), *index);
      if (!asked) report_.attempts.push_back(std::move(attempt));
    }
  }

  const CiOptions& options_;
  const StepLimits& limits_;
  const DerivationGraph& graph_;
  Workshop& workshop_;
  Record& record_;
  const Clock& clock_;
  CiObserver& observer_;
  const std::stop_token& stop_;
  CiReport& report_;
};

}  // namespace

void run_checks(const CiOptions& options, const StepLimits& limits, const DerivationGraph& graph,
                Workshop& workshop, Record& record, const Clock& clock, CiObserver& observer,
                const std::stop_token& stop, CiReport& report) {
  Checks(options, limits, graph, workshop, record, clock, observer, stop, report).run();
}

}  // namespace grange
