#include "daemon/build_generation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "derivation/depends_on_content.h"

namespace grange {
namespace {

/// How long it waits for somebody who asks for more of the same.
constexpr auto kLinger = std::chrono::seconds(3);
/// Derivations in one graph, beyond which the next client begins another.
constexpr std::size_t kLargeGraph = 200'000;

GrantedWish aborted_wish(const std::string& why) {
  GrantedWish granted;
  granted.outcome = Outcome::aborted;
  granted.message = why;
  return granted;
}

bool is_failure(Outcome outcome) {
  return outcome != Outcome::good && outcome != Outcome::failed_with_output;
}

std::vector<StorePath> roots_of(const std::vector<BuildWish>& wishes) {
  std::vector<StorePath> roots;
  roots.reserve(wishes.size());
  for (const auto& wish : wishes) roots.push_back(wish.derivation);
  return roots;
}

}  // namespace

BuildGeneration::BuildGeneration(BuildService& service, const BuildTerms& terms)
    : service_(service),
      substituters_(terms.substituters),
      may_build_(terms.may_build),
      fallback_(terms.fallback),
      optimise_additions_(terms.optimise_additions),
      thread_([this] { run(); }) {}

BuildGeneration::~BuildGeneration() = default;

bool BuildGeneration::suits(const BuildTerms& terms) const {
  return terms.substituters == substituters_ && terms.may_build == may_build_ &&
         terms.fallback == fallback_ && terms.optimise_additions == optimise_additions_;
}

bool BuildGeneration::add(std::shared_ptr<Asked> asked) {
  const MutexLock lock(mutex_);
  if (retired_ || ended_) return false;
  members_.insert(asked.get());
  to_add_.push_back(std::move(asked));
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
  return true;
}

void BuildGeneration::remove(const std::shared_ptr<Asked>& asked) {
  const MutexLock lock(mutex_);
  if (members_.erase(asked.get()) == 0) return;
  to_remove_.push_back(asked);
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

void BuildGeneration::wake() {
  const MutexLock lock(mutex_);
  if (awake_ != nullptr) awake_->wake();
}

void BuildGeneration::retire() {
  const MutexLock lock(mutex_);
  retired_ = true;
  changed_.notify_all();
}

bool BuildGeneration::ended() const {
  const MutexLock lock(mutex_);
  return ended_;
}

bool BuildGeneration::idle() const {
  const MutexLock lock(mutex_);
  return members_.empty();
}

void BuildGeneration::run() {
  std::string problem = "the daemon is stopping";
  try {
    serve();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  {
    const MutexLock lock(mutex_);
    awake_ = nullptr;
  }
  if (engine_) {
    try {
      engine_->give_up();
    } catch (const std::exception&) {
      // What it had learnt is found again.
    }
  }
  fail_all(problem);
  engine_.reset();
  builder_.reset();
  session_.reset();
  const MutexLock lock(mutex_);
  ended_ = true;
}

void BuildGeneration::serve() {
  session_ = service_.store_.session();
  session_->optimise_additions(optimise_additions_);
  if (may_build_) {
    builder_ = std::make_unique<SlottedBuilder>(service_.make_builder_(*session_), service_.slots_);
  } else {
    builder_ = std::make_unique<RefusingBuilder>();
  }
  reader_ = directory_reader(session_->location().real_store);
  options_.jobs = service_.jobs();
  options_.substituters = substituters_.get();
  options_.fallback = fallback_;
  options_.sign_realisation = service_.sign_;
  const auto stop = stop_.get_token();
  while (!stop.stop_requested()) {
    take_inbox();
    bool busy = false;
    if (engine_) {
      engine_->set_jobs(service_.jobs());
      busy = engine_->turn(stop);
      settle();
    }
    if (!busy && rest()) return;
  }
}

bool BuildGeneration::rest() {
  const auto stop = stop_.get_token();
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    changed_.notify_all();
  });
  const MutexLock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + kLinger;
  while (to_add_.empty() && to_remove_.empty() && !stop.stop_requested()) {
    if (!members_.empty()) {
      changed_.wait(mutex_);
    } else if (retired_ || std::chrono::steady_clock::now() >= deadline) {
      retired_ = true;
      return true;
    } else {
      changed_.wait_until(mutex_, deadline);
    }
  }
  return false;
}

void BuildGeneration::take_inbox() {
  std::vector<std::shared_ptr<Asked>> add;
  std::vector<std::shared_ptr<Asked>> remove;
  {
    const MutexLock lock(mutex_);
    add.swap(to_add_);
    remove.swap(to_remove_);
  }
  for (const auto& asked : add) admit(asked);
  for (const auto& asked : remove) release(asked);
}

void BuildGeneration::admit(const std::shared_ptr<Asked>& asked) {
  const bool first = !engine_;
  extend(*asked);
  note_promises();
  const auto fitting = fit(*asked);
  if (!first && fitting != Fit::good) {
    {
      const MutexLock lock(mutex_);
      members_.erase(asked.get());
      if (fitting == Fit::elsewhere) retired_ = true;
    }
    asked->alone |= fitting == Fit::alone;
    service_.admit(asked);
    return;
  }
  if (fitting == Fit::alone) retire();
  const auto count = asked->wishes.size();
  asked->needs = closure(roots_of(asked->wishes));
  asked->granted.resize(count);
  asked->settled.assign(count, false);
  asked->open = count;
  asked_.push_back(asked);
  if (count == 0) asked->listener->ended({});
  for (std::size_t i = 0; i < count; ++i) {
    const auto& wish = asked->wishes[i];
    const auto request = engine_->request({graph_->find(wish.derivation).value(), wish.outputs,
                                           asked->terms.limits, asked->terms.policy});
    asked->requests.push_back(request);
    by_request_.emplace(request, std::pair(asked, i));
  }
  std::vector<StorePath> running;
  {
    const MutexLock lock(audience_mutex_);
    for (auto& [recipe, audience] : audiences_) {
      if (!listens(*asked, recipe)) continue;
      audience.listeners.push_back(asked);
      running.push_back(audience.derivation);
    }
  }
  for (const auto& path : running) asked->listener->attempt_started(path);
  for (const auto& fetch : fetches_) {
    if (const auto audience = fetch.lock()) join(*audience, asked);
  }
}

void BuildGeneration::join(FetchAudience& audience, const std::shared_ptr<Asked>& asked) const {
  const auto& recipes = audience.recipes();
  if (std::any_of(recipes.begin(), recipes.end(),
                  [&](DerivationIndex recipe) { return listens(*asked, recipe); })) {
    audience.add(asked->listener);
  }
}

std::shared_ptr<FetchObserver> BuildGeneration::fetching(const std::set<DerivationIndex>& recipes) {
  auto audience = std::make_shared<FetchAudience>(recipes);
  for (const auto& asked : asked_) join(*audience, asked);
  std::erase_if(fetches_, [](const auto& fetch) { return fetch.expired(); });
  fetches_.push_back(audience);
  return audience;
}

void BuildGeneration::not_fetched(DerivationIndex recipe, const BuildResult& result) {
  failures_.insert_or_assign(promises_[recipe], result);
  for (const auto& asked : asked_) {
    if (!listens(*asked, recipe)) continue;
    asked->listener->problem(result.message);
    if (!asked->terms.keep_going) giving_up_.emplace_back(asked, recipe);
  }
}

void BuildGeneration::extend(const Asked& asked) {
  const auto roots = roots_of(asked.wishes);
  GraphOptions options;
  options.may_grow = true;
  options.stop = stop_.get_token();
  if (!graph_) {
    graph_ = DerivationGraph::load(session_->store_dir(), roots, reader_, options);
  } else {
    graph_->extend(roots, reader_, options);
  }
  if (engine_) return;
  engine_.emplace(*graph_, *session_, *session_, *builder_, options_, *this);
  const MutexLock lock(mutex_);
  awake_ = &*engine_;
}

BuildGeneration::Fit BuildGeneration::fit(const Asked& asked) const {
  if (asked.alone) return Fit::alone;
  auto fitting = graph_->size() > kLargeGraph ? Fit::elsewhere : Fit::good;
  const auto needs = closure(roots_of(asked.wishes));
  for (DerivationIndex index = 0; index < graph_->size(); ++index) {
    if (!needs[promises_[index]]) continue;
    if (graph_->state(index) != DerivationGraph::State::verified) {
      fitting = Fit::elsewhere;
      continue;
    }
    const auto kind = graph_->kind(index);
    if (kind == DerivationKind::impure) return Fit::alone;
    if (depends_on_content(kind) && !engine_->keeps_realisations()) fitting = Fit::elsewhere;
    if (failures_.contains(promises_[index])) fitting = Fit::elsewhere;
  }
  return fitting;
}

void BuildGeneration::note_promises() {
  for (auto index = static_cast<DerivationIndex>(promises_.size()); index < graph_->size();
       ++index) {
    auto number = promise_count_;
    if (const auto output_set = graph_->output_set(index)) {
      number = promise_numbers_.try_emplace(*output_set, number).first->second;
    }
    if (number == promise_count_) {
      ++promise_count_;
      recipes_of_.push_back(0);
    }
    ++recipes_of_[number];
    promises_.push_back(number);
  }
}

std::vector<bool> BuildGeneration::closure(const std::vector<StorePath>& roots) const {
  std::vector<bool> seen(graph_->size());
  std::vector<bool> needs(promise_count_);
  std::vector<DerivationIndex> todo;
  const auto visit = [&](DerivationIndex index) {
    if (seen[index]) return;
    seen[index] = true;
    needs[promises_[index]] = true;
    todo.push_back(index);
  };
  for (const auto& root : roots) visit(graph_->find(root).value());
  while (!todo.empty()) {
    const auto next = todo.back();
    todo.pop_back();
    for (const auto& edge : graph_->inputs(next)) visit(edge.input);
  }
  return needs;
}

bool BuildGeneration::listens(const Asked& asked, DerivationIndex recipe) const {
  const auto promise = promises_[recipe];
  return asked.open > 0 && promise < asked.needs.size() && asked.needs[promise];
}

void BuildGeneration::attempt_started(DerivationIndex recipe) {
  Audience audience{graph_->path(recipe), {}};
  for (const auto& asked : asked_) {
    if (listens(*asked, recipe)) audience.listeners.push_back(asked);
  }
  for (const auto& asked : audience.listeners) {
    asked->listener->attempt_started(audience.derivation);
  }
  const MutexLock lock(audience_mutex_);
  audiences_.insert_or_assign(recipe, std::move(audience));
}

void BuildGeneration::attempt_finished(DerivationIndex recipe, const BuildResult& result) {
  const auto promise = promises_[recipe];
  const bool failed = is_failure(result.outcome);
  if (failed) failures_.insert_or_assign(promise, result);
  Audience audience{graph_->path(recipe), {}};
  {
    const MutexLock lock(audience_mutex_);
    if (const auto found = audiences_.find(recipe); found != audiences_.end()) {
      audience = std::move(found->second);
      audiences_.erase(found);
    }
  }
  for (const auto& asked : audience.listeners) {
    if (!failed && !result.already_valid) {
      asked->made.insert_or_assign(promise, std::pair(result.start, result.stop));
    }
    asked->listener->attempt_finished(audience.derivation, result);
    const bool last_recipe = recipes_of_[promise] == 1;
    if (failed && last_recipe && result.outcome != Outcome::aborted && !asked->terms.keep_going) {
      giving_up_.emplace_back(asked, recipe);
    }
  }
}

void BuildGeneration::log(DerivationIndex recipe, std::string_view data) {
  std::optional<Audience> audience;
  {
    const MutexLock lock(audience_mutex_);
    const auto found = audiences_.find(recipe);
    if (found == audiences_.end()) return;
    audience = found->second;
  }
  for (const auto& asked : audience->listeners) asked->listener->log(audience->derivation, data);
}

void BuildGeneration::phase(DerivationIndex recipe, std::string_view name) {
  std::optional<Audience> audience;
  {
    const MutexLock lock(audience_mutex_);
    const auto found = audiences_.find(recipe);
    if (found == audiences_.end()) return;
    audience = found->second;
  }
  for (const auto& asked : audience->listeners) asked->listener->phase(audience->derivation, name);
}

void BuildGeneration::want_finished(std::size_t request, const Plan::Finished&) {
  finished_.push_back(request);
  engine_->wake();  // whoever asked is told now, and not when the next attempt ends
}

void BuildGeneration::settle() {
  if (!finished_.empty()) engine_->register_learnt();
  for (const auto request : std::exchange(finished_, {})) {
    const auto found = by_request_.find(request);
    if (found == by_request_.end()) continue;
    const auto [asked, wish] = found->second;
    settle(*asked, wish, grant(*asked, wish, request));
  }
  for (const auto& [asked, recipe] : std::exchange(giving_up_, {})) give_up_after(*asked, recipe);
}

GrantedWish BuildGeneration::grant(const Asked& asked, std::size_t wish,
                                   std::size_t request) const {
  auto realised = engine_->result(request);
  GrantedWish granted;
  granted.outcome = realised.outcome;
  granted.message = std::move(realised.message);
  granted.outputs = std::move(realised.outputs);
  granted.realisations = std::move(realised.realisations);
  for (const auto input : realised.failed_inputs) {
    granted.failed_inputs.push_back(graph_->path(input));
  }
  const auto own = graph_->find(asked.wishes[wish].derivation).value();
  const auto promise = promises_[own];
  if (const auto failure = failures_.find(promise);
      failure != failures_.end() && failure->second.outcome == granted.outcome) {
    granted.log_tail = failure->second.log_tail;
    granted.start = failure->second.start;
    granted.stop = failure->second.stop;
    granted.differing = differing(own, failure->second);
  }
  add_ids(granted, own);
  if (const auto made = asked.made.find(promise); realised.made && made != asked.made.end()) {
    granted.made = true;
    granted.start = made->second.first;
    granted.stop = made->second.second;
  }
  return granted;
}

/// Who asks is told of every output by its id, also where the store keeps no realisations.
void BuildGeneration::add_ids(GrantedWish& granted, DerivationIndex derivation) const {
  const auto hash = graph_->drv_output_hash(derivation);
  if (!hash) return;
  for (const auto& [name, path] : granted.outputs) {
    granted.realisations.try_emplace(name, Realisation{{*hash, name}, path, {}});
  }
}

std::vector<std::pair<StorePath, std::string>> BuildGeneration::differing(
    DerivationIndex derivation, const BuildResult& result) const {
  std::vector<std::pair<StorePath, std::string>> paths;
  for (const auto& [name, comparison] : result.compared) {
    if (comparison.equal()) continue;
    if (auto path = graph_->output_path(derivation, name)) {
      paths.emplace_back(*std::move(path), comparison.kept);
    }
  }
  return paths;
}

void BuildGeneration::settle(Asked& asked, std::size_t wish, GrantedWish granted) {
  if (asked.settled[wish]) return;
  asked.settled[wish] = true;
  asked.granted[wish] = std::move(granted);
  by_request_.erase(asked.requests[wish]);
  if (--asked.open == 0) asked.listener->ended(asked.granted);
}

/// Nothing more is of interest to this client.
void BuildGeneration::give_up_after(Asked& asked, DerivationIndex failed) {
  const auto& failure = failures_.at(promises_[failed]);
  for (std::size_t i = 0; i < asked.wishes.size(); ++i) {
    if (asked.settled[i]) continue;
    const auto own = graph_->find(asked.wishes[i].derivation).value();
    GrantedWish granted = aborted_wish("not made, because something else failed");
    if (promises_[own] == promises_[failed]) {
      granted.outcome = failure.outcome;
      granted.message = failure.message;
      granted.log_tail = failure.log_tail;
      granted.start = failure.start;
      granted.stop = failure.stop;
      granted.differing = differing(own, failure);
    } else if (closure({asked.wishes[i].derivation})[promises_[failed]]) {
      granted.outcome = Outcome::dependency_failed;
      granted.message.clear();
      granted.failed_inputs = {graph_->path(failed)};
    }
    engine_->withdraw(asked.requests[i]);
    settle(asked, i, std::move(granted));
  }
}

void BuildGeneration::release(const std::shared_ptr<Asked>& asked) {
  for (std::size_t i = 0; i < asked->requests.size(); ++i) {
    if (asked->settled[i]) continue;
    engine_->withdraw(asked->requests[i]);
    by_request_.erase(asked->requests[i]);
  }
  std::erase(asked_, asked);
  const MutexLock lock(audience_mutex_);
  for (auto& [recipe, audience] : audiences_) std::erase(audience.listeners, asked);
}

void BuildGeneration::fail_all(const std::string& why) {
  std::vector<std::shared_ptr<Asked>> all = asked_;
  {
    const MutexLock lock(mutex_);
    retired_ = true;
    for (auto& asked : to_add_) all.push_back(std::move(asked));
    to_add_.clear();
  }
  for (const auto& asked : all) {
    const auto count = asked->wishes.size();
    if (asked->settled.size() == count && asked->open == 0) continue;
    asked->granted.resize(count);
    asked->settled.resize(count, false);
    for (std::size_t i = 0; i < count; ++i) {
      if (!asked->settled[i]) asked->granted[i] = aborted_wish(why);
    }
    asked->open = 0;
    asked->listener->ended(asked->granted);
  }
}

}  // namespace grange
