#include "build/realise.h"

#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"
#include "build/attempt_pool.h"

namespace grange {
namespace {

/// One call of `realise`. Everything here runs on the caller's thread.
class RealiseLoop {
 public:
  RealiseLoop(const DerivationGraph& graph, LocalStore& eval_store, LocalStore& store,
              Builder& builder, const RealiseOptions& options, RealiseObserver& observer)
      : graph_(graph),
        store_(store),
        options_(options),
        observer_(observer),
        plan_(graph, {.slots = options.jobs, .keep_going = options.keep_going}, options.ranking),
        pool_(graph, directory_reader(eval_store.location().real_store), builder, observer,
              options.jobs) {}

  std::vector<Plan::Finished> run(const std::vector<RealiseRequest>& requests,
                                  const std::stop_token& stop) {
    for (const auto& request : requests) {
      const WantId want =
          plan_.want(request.derivation, request.outputs, options_.policy, request.limits);
      requests_.emplace(want, finished_.size());
      finished_.push_back({want, Outcome::unknown, "", {}, false});
    }
    for (const auto recipe : options_.further_recipes) plan_.add_recipe(recipe);
    for (;;) {
      carry_out(plan_.take_decisions());
      observer_.progress(plan_.counts());
      if (plan_.idle()) return std::move(finished_);
      if (stop.stop_requested()) give_up();
      if (!queries_.empty()) {
        answer_queries();
      } else {
        GRANGE_CHECK(pool_.running() > 0);
        take_ended(stop);
      }
    }
  }

 private:
  void carry_out(std::vector<Plan::Decision> decisions) {
    for (auto& decision : decisions) {
      if (auto* query = std::get_if<Plan::Query>(&decision)) {
        queries_.push_back(std::move(*query));
      } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
        start(*attempt);
      } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
        pool_.cancel(cancel->step);
      } else {
        auto& finished = std::get<Plan::Finished>(decision);
        const std::size_t request = requests_.at(finished.want);
        observer_.want_finished(request, finished);
        finished_[request] = std::move(finished);
      }
    }
  }

  /// Other outputs than the wanted ones appear with them, and are rooted like them.
  void start(const Plan::Attempt& attempt) {
    for (const auto& name : graph_.output_names(attempt.recipe)) {
      if (const auto path = graph_.output_path(attempt.recipe, name)) {
        store_.add_temporary_root(*path);
      }
    }
    observer_.attempt_started(attempt.recipe);
    pool_.start(attempt, plan_.policy(attempt.step));
  }

  /// All open queries together: one question to the store, whatever their number.
  void answer_queries() {
    std::set<StorePath> paths;
    std::vector<std::vector<std::optional<StorePath>>> by_query;
    by_query.reserve(queries_.size());
    for (const auto& query : queries_) {
      auto& asked = by_query.emplace_back();
      for (const auto& name : query.outputs) {
        asked.push_back(graph_.output_path(query.recipe, name));
        if (asked.back()) paths.insert(*asked.back());
      }
    }
    for (const auto& path : paths) store_.add_temporary_root(path);
    const auto valid = store_.valid_among(paths);
    const auto queries = std::exchange(queries_, {});
    for (std::size_t i = 0; i < queries.size(); ++i) answer(queries[i], by_query[i], valid);
  }

  void answer(const Plan::Query& query, const std::vector<std::optional<StorePath>>& paths,
              const std::set<StorePath>& valid) {
    std::vector<std::string> present;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!paths[i]) {
        plan_.known_failure(query.step, unknown_paths(query.recipe));
        return;
      }
      if (valid.contains(*paths[i])) present.push_back(query.outputs[i]);
    }
    if (present.empty()) {
      if (const auto failure = failed_before(query)) {
        plan_.known_failure(query.step, *failure);
        return;
      }
    }
    plan_.presence(query.step, present);
  }

  BuildResult unknown_paths(DerivationIndex recipe) const {
    BuildResult result;
    result.outcome = Outcome::unsupported;
    result.message = "derivation '" + graph_.store_dir().print(graph_.path(recipe)) + "' is " +
                     std::string(to_string(graph_.kind(recipe))) +
                     ": where its outputs will be is not known before it is built, and only "
                     "input-addressed and fixed-output derivations can be built";
    return result;
  }

  std::optional<BuildResult> failed_before(const Plan::Query& query) const {
    if (!options_.known_failure) return std::nullopt;
    auto failure = options_.known_failure(query.recipe, plan_.policy(query.step));
    if (!failure || !is_lasting_failure(failure->outcome)) return std::nullopt;
    // The output that it left is gone, and others may need it.
    if (failure->outcome == Outcome::failed_with_output) return std::nullopt;
    std::string message = "failed before, not tried again (--retry tries it)";
    if (!failure->message.empty()) message += ": " + failure->message;
    failure->message = std::move(message);
    return failure;
  }

  void take_ended(const std::stop_token& stop) {
    for (const auto& ended : pool_.wait(stop)) {
      observer_.attempt_finished(ended.recipe, ended.result);
      plan_.finished(ended.step, ended.result);
    }
  }

  [[noreturn]] void give_up() {
    const std::size_t running = pool_.running();
    pool_.cancel_all();
    while (pool_.running() > 0) {
      for (const auto& ended : pool_.wait({})) {
        observer_.attempt_finished(ended.recipe, ended.result);
      }
    }
    throw CancelledError("stopped; cancelled attempts: " + std::to_string(running));
  }

  const DerivationGraph& graph_;
  LocalStore& store_;
  const RealiseOptions& options_;
  RealiseObserver& observer_;
  Plan plan_;
  std::map<WantId, std::size_t> requests_;  ///< which request a want is for
  std::vector<Plan::Finished> finished_;    ///< by request
  std::vector<Plan::Query> queries_;        ///< not answered yet
  AttemptPool pool_;
};

}  // namespace

std::vector<Plan::Finished> realise(const DerivationGraph& graph, LocalStore& eval_store,
                                    LocalStore& store, Builder& builder,
                                    const std::vector<RealiseRequest>& requests,
                                    const RealiseOptions& options, RealiseObserver& observer,
                                    const std::stop_token& stop) {
  return RealiseLoop(graph, eval_store, store, builder, options, observer).run(requests, stop);
}

}  // namespace grange
