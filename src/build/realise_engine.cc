#include "build/realise_engine.h"

#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"
#include "build/derivation_file.h"
#include "derivation/attributes.h"
#include "derivation/depends_on_content.h"
#include "store/first_reader.h"

namespace grange {
namespace {

/// So many realisations are registered together; a kill loses at most these, which the next run
/// finds again under the ids of what they were resolved to.
constexpr std::size_t kRegisteredTogether = 500;

BuildResult refused(Outcome outcome, std::string message) {
  BuildResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

}  // namespace

RealiseEngine::RealiseEngine(const DerivationGraph& graph, LocalStore& eval_store,
                             LocalStore& store, Builder& builder, const RealiseOptions& options,
                             RealiseObserver& observer)
    : graph_(graph),
      store_(store),
      options_(options),
      observer_(observer),
      known_(graph, store, options.sign_realisation),
      reader_(first_reader(directory_reader(eval_store.location().real_store),
                           directory_reader(store.location().real_store))),
      plan_(graph,
            {.slots = options.jobs,
             .keep_going = options.keep_going,
             .resolve_fixed = known_.keeps_realisations(),
             .ready = options.ready,
             .expected_seconds = options.expected_seconds},
            options.ranking),
      pool_(graph, reader_, builder, observer, options.jobs) {
  if (options.substituters != nullptr && !options.substituters->empty()) {
    fetches_.emplace(*options.substituters, store, [this] { pool_.wake(); });
  }
}

std::size_t RealiseEngine::request(const RealiseRequest& request) {
  const WantId want = plan_.want(request.derivation, request.outputs,
                                 request.policy ? *request.policy : options_.policy, request.limits,
                                 request.requester);
  wants_.emplace(want, requests_.size());
  requests_.push_back({request, {want, Outcome::unknown, "", {}, false}});
  return requests_.size() - 1;
}

void RealiseEngine::withdraw(std::size_t request) {
  plan_.withdraw(requests_.at(request).finished.want);
}

void RealiseEngine::change(std::size_t request, const Requester& requester) {
  plan_.change(requests_.at(request).finished.want, requester);
}

StepId RealiseEngine::step_of(std::size_t request) const {
  return plan_.step_of(requests_.at(request).finished.want);
}

void RealiseEngine::set_jobs(unsigned jobs) {
  plan_.set_slots(jobs);
  pool_.grow(jobs);
}

std::optional<std::size_t> RealiseEngine::first_request(StepId step) const {
  const auto found = wants_.find(WantId{plan_.view(step).age});
  if (found == wants_.end()) return std::nullopt;
  return found->second;
}

bool RealiseEngine::turn(const std::stop_token& stop) {
  carry_out(plan_.take_decisions());
  observer_.progress(plan_.counts());
  if (plan_.idle()) return false;
  if (stop.stop_requested()) return true;
  if (known_.learnt() >= kRegisteredTogether) register_learnt();
  if (!queries_.empty()) {
    answer_queries();
  } else if (!resolves_.empty()) {
    answer_resolves();
  } else {
    // What is ready may have to wait until the owner says that there is a slot for it.
    GRANGE_CHECK(options_.ready != nullptr || pool_.running() > 0 || is_fetching());
    take_ended(stop);
    take_fetched();
  }
  return true;
}

void RealiseEngine::register_learnt() {
  known_.register_learnt();
  for (const auto& conflicts = known_.conflicts(); told_conflicts_ < conflicts.size();) {
    observer_.conflict(conflicts[told_conflicts_++]);
  }
}

std::size_t RealiseEngine::give_up() {
  const std::size_t running = pool_.running();
  pool_.cancel_all();
  if (fetches_) fetches_->cancel_all();
  while (pool_.running() > 0) {
    for (const auto& ended : pool_.wait({})) tell_end(ended);
  }
  known_.register_learnt();
  return running;
}

Realised RealiseEngine::result(std::size_t request) const {
  const auto& [asked, finished] = requests_.at(request);
  Realised realised{finished, {}, {}};
  if (finished.outcome != Outcome::good && finished.outcome != Outcome::failed_with_output) {
    return realised;
  }
  const auto names = asked.outputs.empty() ? graph_.output_names(asked.derivation) : asked.outputs;
  for (const auto& name : names) {
    if (auto path = known_.path(asked.derivation, name)) {
      realised.outputs.emplace(name, *std::move(path));
    }
  }
  realised.realisations = known_.realisations(asked.derivation, names);
  return realised;
}

void RealiseEngine::carry_out(std::vector<Plan::Decision> decisions) {
  for (auto& decision : decisions) {
    if (auto* query = std::get_if<Plan::Query>(&decision)) {
      queries_.push_back(std::move(*query));
    } else if (const auto* resolve = std::get_if<Plan::Resolve>(&decision)) {
      resolves_.push_back(*resolve);
    } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
      start(*attempt);
    } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
      pool_.cancel(cancel->step);
    } else {
      auto& finished = std::get<Plan::Finished>(decision);
      const std::size_t request = wants_.at(finished.want);
      requests_[request].finished = finished;
      observer_.want_finished(request, finished);
    }
  }
}

/// Other outputs than the wanted ones appear with them, and are rooted like them.
void RealiseEngine::start(const Plan::Attempt& attempt) {
  for (const auto& name : graph_.output_names(attempt.recipe)) {
    if (const auto path = graph_.output_path(attempt.recipe, name)) {
      store_.add_temporary_root(*path);
    }
  }
  observer_.step_started(attempt.step, attempt.recipe);
  observer_.attempt_started(attempt.recipe);
  AttemptPool::Task task{attempt, plan_.policy(attempt.step), nullptr, known_.keeps_realisations()};
  if (const auto found = resolved_.find(attempt.step); found != resolved_.end()) {
    task.resolved = std::move(found->second);
    resolved_.erase(found);
  }
  pool_.start(std::move(task));
}

/// All open queries together: one question to the store, whatever their number. What it does not
/// have is fetched first, where it can be.
void RealiseEngine::answer_queries() {
  auto asked = std::exchange(queries_, {});
  const auto answers = present(asked);
  std::vector<Plan::Query> deferred;
  std::set<DerivationIndex> recipes;
  Fetchable fetchable;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (answers[i].size() < asked[i].outputs.size() &&
        may_be_fetched(asked[i].step, asked[i].recipe)) {
      known_.add_fetchable({asked[i].recipe, asked[i].outputs}, answers[i], fetchable);
      recipes.insert(asked[i].recipe);
      deferred.push_back(std::move(asked[i]));
    } else {
      answer(asked[i], answers[i]);
    }
  }
  if (deferred.empty()) return;
  waiting_queries_.emplace(fetch(std::move(fetchable), recipes), std::move(deferred));
}

std::vector<std::vector<std::string>> RealiseEngine::present(
    const std::vector<Plan::Query>& queries) {
  std::vector<KnownOutputs::Question> questions;
  questions.reserve(queries.size());
  for (const auto& query : queries) questions.push_back({query.recipe, query.outputs});
  return known_.present(questions);
}

bool RealiseEngine::may_be_fetched(StepId step, DerivationIndex recipe) const {
  if (!fetches_ || plan_.policy(step).mode != BuildPolicy::Mode::normal) return false;
  if (graph_.kind(recipe) == DerivationKind::impure) return false;
  try {
    return DerivationAttributes::parse(read_derivation_file(graph_, recipe, reader_))
        .allow_substitutes;
  } catch (const Error&) {
    return false;  // the attempt will say what is wrong with it
  }
}

FetchQueue::Ticket RealiseEngine::fetch(Fetchable what, const std::set<DerivationIndex>& recipes) {
  return fetches_->start(std::move(what), observer_.fetching(recipes));
}

void RealiseEngine::take_fetched() {
  if (!fetches_) return;
  for (const auto& fetched : fetches_->take_ended()) {
    if (const auto found = waiting_queries_.find(fetched.ticket); found != waiting_queries_.end()) {
      const auto answers = present(found->second);
      for (std::size_t i = 0; i < answers.size(); ++i) {
        const auto& query = found->second[i];
        Fetchable missing;
        known_.add_fetchable({query.recipe, query.outputs}, answers[i], missing);
        if (!refuse(query.step, query.recipe, missing, fetched)) answer(query, answers[i]);
      }
      waiting_queries_.erase(found);
    }
    if (const auto found = waiting_resolves_.find(fetched.ticket);
        found != waiting_resolves_.end()) {
      auto resolves = std::move(found->second);
      waiting_resolves_.erase(found);
      answer_all(std::move(resolves), fetched);
    }
  }
}

/// Where something that is missing could have been fetched, and that failed, it is not made unless
/// somebody said so. True when the step has failed for it.
bool RealiseEngine::refuse(StepId step, DerivationIndex recipe, const Fetchable& needed,
                           const FetchQueue::Ended& fetched) {
  if (options_.fallback) return false;
  const std::string* why = nullptr;
  for (const auto& [path, problem] : fetched.failed_paths) {
    if (needed.paths.contains(path)) why = &problem;
  }
  for (const auto& [id, problem] : fetched.failed_ids) {
    if (needed.ids.contains(id)) why = &problem;
  }
  if (why == nullptr) return false;
  const auto result = refused(Outcome::aborted, *why + "; try '--fallback' to build derivation '" +
                                                    graph_.store_dir().print(graph_.path(recipe)) +
                                                    "' from source");
  plan_.known_failure(step, result);
  observer_.not_fetched(recipe, result);
  return true;
}

void RealiseEngine::answer(const Plan::Query& query, const std::vector<std::string>& present) {
  const bool resolved_later =
      depends_on_content(graph_.kind(query.recipe)) && !graph_.inputs(query.recipe).empty();
  if (present.empty() && !resolved_later) {
    const TriedRecipe recipe{graph_.output_set(query.recipe), graph_.path(query.recipe),
                             graph_.kind(query.recipe) == DerivationKind::fixed};
    if (const auto failure = failed_before(recipe, query.step)) {
      plan_.known_failure(query.step, *failure);
      return;
    }
  }
  plan_.presence(query.step, present);
}

void RealiseEngine::answer_resolves() {
  const auto resolves = std::exchange(resolves_, {});
  std::vector<ResolvedStep> recipes;
  std::vector<const ResolvedRecipe*> asked;
  for (const auto& resolve : resolves) {
    if (auto recipe = resolve_or_refuse(resolve)) {
      asked.push_back(&*recipe);
      recipes.emplace_back(resolve, std::move(recipe));
    }
  }
  const auto present = known_.present(asked);
  std::vector<ResolvedStep> deferred;
  std::set<DerivationIndex> fetched_for;
  Fetchable fetchable;
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    auto& [resolve, recipe] = recipes[i];
    if (present[i].size() < recipe->derivation.outputs.size() &&
        may_be_fetched(resolve.step, resolve.recipe)) {
      known_.add_fetchable(*recipe, present[i], fetchable);
      fetched_for.insert(resolve.recipe);
      deferred.push_back(std::move(recipes[i]));
    } else {
      answer(resolve, std::move(recipe), present[i]);
    }
  }
  if (deferred.empty()) return;
  waiting_resolves_.emplace(fetch(std::move(fetchable), fetched_for), std::move(deferred));
}

void RealiseEngine::answer_all(std::vector<ResolvedStep> steps, const FetchQueue::Ended& fetched) {
  std::vector<const ResolvedRecipe*> asked;
  asked.reserve(steps.size());
  for (const auto& [resolve, recipe] : steps) asked.push_back(recipe.get());
  const auto present = known_.present(asked);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto& [resolve, recipe] = steps[i];
    Fetchable missing;
    known_.add_fetchable(*recipe, present[i], missing);
    if (refuse(resolve.step, resolve.recipe, missing, fetched)) continue;
    answer(resolve, std::move(recipe), present[i]);
  }
}

std::shared_ptr<const ResolvedRecipe> RealiseEngine::resolve_or_refuse(
    const Plan::Resolve& resolve) {
  try {
    const auto derivation = read_derivation_file(graph_, resolve.recipe, reader_);
    refuse_impure_inputs(resolve.recipe);
    return std::make_shared<const ResolvedRecipe>(resolve_recipe(
        graph_.store_dir(), derivation,
        [&](const StorePath& input, std::string_view output) -> std::optional<StorePath> {
          const auto index = graph_.find(input);
          return index ? known_.path(*index, std::string(output)) : std::nullopt;
        }));
  } catch (const InvalidError& error) {
    plan_.known_failure(resolve.step, refused(Outcome::unsupported, error.what()));
  } catch (const Error& error) {
    plan_.known_failure(resolve.step, refused(Outcome::aborted, error.what()));
  }
  return nullptr;
}

/// What is made anew each time must not become part of what is made once.
void RealiseEngine::refuse_impure_inputs(DerivationIndex recipe) const {
  const auto kind = graph_.kind(recipe);
  if (kind == DerivationKind::impure || kind == DerivationKind::fixed) return;
  for (const auto& edge : graph_.inputs(recipe)) {
    if (graph_.kind(edge.input) != DerivationKind::impure) continue;
    throw InvalidError("pure derivation '" + graph_.store_dir().print(graph_.path(recipe)) +
                       "' depends on impure derivation '" +
                       graph_.store_dir().print(graph_.path(edge.input)) + "'");
  }
}

void RealiseEngine::answer(const Plan::Resolve& resolve,
                           std::shared_ptr<const ResolvedRecipe> recipe,
                           const std::map<std::string, StorePath>& present) {
  if (present.empty()) {
    const TriedRecipe tried{recipe->output_set, recipe->path, recipe->derivation.is_fixed()};
    if (const auto failure = failed_before(tried, resolve.step)) {
      plan_.known_failure(resolve.step, *failure);
      return;
    }
  }
  std::vector<std::string> names;
  names.reserve(present.size());
  for (const auto& [name, path] : present) names.push_back(name);
  const auto before = plan_.counts().cut_off;
  plan_.resolved(resolve.step, recipe->output_set, names);
  if (plan_.counts().cut_off == before) {
    resolved_.insert_or_assign(resolve.step, std::move(recipe));
    return;
  }
  known_.learn(resolve.recipe, present, true);
  observer_.cut_off(resolve.recipe, {recipe->path, recipe->output_set});
}

std::optional<BuildResult> RealiseEngine::failed_before(const TriedRecipe& recipe,
                                                        StepId step) const {
  if (!options_.known_failure) return std::nullopt;
  auto failure = options_.known_failure(recipe, plan_.policy(step));
  if (!failure || !is_lasting_failure(failure->outcome)) return std::nullopt;
  // The output that it left is gone, and others may need it.
  if (failure->outcome == Outcome::failed_with_output) return std::nullopt;
  std::string message = "failed before, not tried again (--retry tries it)";
  if (!failure->message.empty()) message += ": " + failure->message;
  failure->message = std::move(message);
  return failure;
}

void RealiseEngine::take_ended(const std::stop_token& stop) {
  for (const auto& ended : pool_.wait(stop)) {
    if (!ended.result.outputs.empty()) {
      known_.learn(ended.recipe, ended.result.outputs, !ended.result.already_valid);
    }
    tell_end(ended);
    plan_.finished(ended.step, ended.result);
  }
}

void RealiseEngine::tell_end(const AttemptPool::Ended& ended) {
  for (const auto& conflict : ended.result.conflicts) observer_.conflict(conflict);
  observer_.attempt_finished(ended.recipe, ended.result);
}

}  // namespace grange
