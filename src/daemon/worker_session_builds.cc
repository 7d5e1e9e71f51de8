#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "daemon/basic_derivation.h"
#include "daemon/build_activities.h"
#include "daemon/build_answers.h"
#include "daemon/copy_activities.h"
#include "daemon/worker_session.h"
#include "store/verify.h"

namespace grange {
namespace {

BuildPolicy::Mode policy_mode(BuildMode mode) {
  switch (mode) {
    case BuildMode::normal:
      return BuildPolicy::Mode::normal;
    case BuildMode::repair:
      return BuildPolicy::Mode::repair;
    case BuildMode::check:
      return BuildPolicy::Mode::check;
  }
  return BuildPolicy::Mode::normal;
}

struct CloseActivities {
  BuildActivities& activities;
  ~CloseActivities() { activities.close(); }
};

}  // namespace

std::shared_ptr<const ChosenSubstituters> WorkerSession::substituters() {
  if (!settings_.substitute) return std::make_shared<ChosenSubstituters>();
  return context_.substituters.choose(settings_.substituters, settings_.trusted_keys,
                                      settings_.require_signatures);
}

void WorkerSession::fetch(const std::set<StorePath>& paths) {
  if (paths.empty()) return;
  const auto chosen = substituters();
  if (chosen->stores.empty()) return;
  const PeerWatch watch(in_, context_.stop);
  const auto copies =
      std::make_shared<CopyActivities>(queue_, context_.builds, store_->store_dir());
  std::atomic<bool> ended = false;
  std::exception_ptr error;
  // In a thread of its own, so that this one can tell of it.
  std::jthread fetching([&] {
    try {
      chosen->all->fetch_paths(*store_, paths, watch.token(), copies.get());
    } catch (...) {
      error = std::current_exception();
    }
    copies->end();
    ended = true;
    queue_.wake();
  });
  while (!ended) {
    tell_all(queue_.take({}));
    out_.flush();
  }
  fetching.join();
  if (error) std::rethrow_exception(error);
}

BuildTerms WorkerSession::terms(BuildMode mode) {
  BuildTerms terms;
  terms.policy = settings_.policy;
  terms.policy.mode = policy_mode(mode);
  terms.limits = settings_.limits;
  terms.keep_going = settings_.keep_going;
  terms.may_build = settings_.may_build;
  terms.fallback = settings_.fallback;
  terms.optimise_additions = settings_.optimise_additions;
  terms.substituters = substituters()->all;
  terms.client = client_;
  return terms;
}

std::vector<WorkerSession::Target> WorkerSession::make(const std::vector<DerivedPath>& targets,
                                                       BuildMode mode) {
  std::vector<Target> made;
  std::set<StorePath> wished;
  for (const auto& target : targets) {
    const bool opaque = target.kind == DerivedPath::Kind::opaque;
    if (!target.of.through.empty()) {
      throw InvalidError("outputs of derivations that are outputs themselves cannot be built yet");
    }
    made.push_back({target, {}, opaque});
    wished.insert(target.of.path);
  }
  store_->add_temporary_roots(wished);
  auto valid = store_->valid_among(wished);
  std::set<StorePath> absent;
  for (const auto& path : wished) {
    if (!valid.contains(path)) absent.insert(absent.end(), path);
  }
  if (!absent.empty()) {
    fetch(absent);
    valid = store_->valid_among(wished);
  }
  const auto& dir = store_->store_dir();
  for (auto& target : made) {
    const auto& path = target.path.of.path;
    if (valid.contains(path)) {
      target.granted.outcome = target.opaque ? Outcome::good : Outcome::unknown;
      target.granted.made = target.opaque && absent.contains(path);
      continue;
    }
    target.granted.outcome = Outcome::unsupported;
    target.granted.message =
        target.opaque ? "path '" + dir.print(path) +
                            "' is required, but there is no substituter that can build it"
                      : "cannot build missing derivation '" + dir.print(path) + "'";
  }
  make_derivations(made, mode == BuildMode::repair ? BuildMode::normal : mode);
  if (mode == BuildMode::repair) repair_closures(made);
  return made;
}

/// What is damaged of what the targets need, too.
void WorkerSession::repair_closures(const std::vector<Target>& targets) {
  std::set<StorePath> roots;
  for (const auto& target : targets) {
    if (target.opaque && target.granted.outcome == Outcome::good) roots.insert(target.path.of.path);
    for (const auto& [name, path] : target.granted.outputs) roots.insert(path);
  }
  std::set<StorePath> damaged;
  for (const auto& path : store_->closure(roots)) {
    if (object_problem(*store_, path, true)) damaged.insert(path);
  }
  if (!repair(damaged)) throw CorruptError("some paths could not be repaired");
}

bool WorkerSession::repair(const std::set<StorePath>& damaged) {
  const auto chosen = substituters();
  std::vector<DerivedPath> makers;
  bool whole = true;
  for (const auto& path : damaged) {
    const auto info = store_->path_info(path);
    if (!info) continue;
    if (!chosen->stores.empty()) {
      const PeerWatch watch(in_, context_.stop);
      if (chosen->all->repair_path(*store_, *info, watch.token())) continue;
    }
    auto derivers = store_->valid_derivers(path);
    if (info->deriver && store_->is_valid(*info->deriver)) derivers.insert(*info->deriver);
    if (derivers.empty()) {
      tell_line(Verbosity::error,
                "path '" + store_->store_dir().print(path) +
                    "' cannot be repaired: nobody has it, and it cannot be built");
      whole = false;
    } else {
      makers.push_back(DerivedPath::all_of(*derivers.begin()));
    }
  }
  std::vector<Target> targets;
  targets.reserve(makers.size());
  for (const auto& maker : makers) targets.push_back({maker, {}, false});
  make_derivations(targets, BuildMode::repair);
  for (const auto& target : targets) {
    if (target.granted.outcome == Outcome::good) continue;
    tell_line(Verbosity::error, failure_text_of(target));
    whole = false;
  }
  return whole;
}

void WorkerSession::make_derivations(std::vector<Target>& targets, BuildMode mode) {
  std::vector<BuildWish> wishes;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto& [path, granted, opaque] = targets[i];
    if (opaque || granted.outcome != Outcome::unknown) continue;
    wishes.push_back({path.of.path, {path.outputs.begin(), path.outputs.end()}});
    places.push_back(i);
  }
  if (wishes.empty()) return;
  const PeerWatch watch(in_, context_.stop);
  const auto waiting =
      nested_ != nullptr ? nested_->wait(unmade(wishes), store_->store_dir()) : nullptr;
  const auto activities =
      std::make_shared<BuildActivities>(queue_, context_.builds, store_->store_dir());
  const CloseActivities close{*activities};
  // Until the end of this function what was made is kept; by then we keep it ourselves.
  const auto ticket = context_.builds.ask(std::move(wishes), terms(mode), activities);
  while (!activities->has_ended()) {
    tell_all(queue_.take(watch.token()));
    out_.flush();
    if (watch.token().stop_requested()) throw CancelledError("interrupted");
  }
  auto granted = activities->take();
  std::set<StorePath> outputs;
  for (std::size_t i = 0; i < granted.size(); ++i) {
    for (const auto& [name, path] : granted[i].outputs) outputs.insert(path);
    targets[places[i]].granted = std::move(granted[i]);
  }
  store_->add_temporary_roots(outputs);
  if (nested_ != nullptr && !outputs.empty()) nested_->show(store_->closure(outputs));
}

std::string WorkerSession::failure_text_of(const Target& target) const {
  if (target.opaque) return target.granted.message;
  return failure_text(store_->store_dir(), target.path.of.path, target.granted);
}

WireBuildResult WorkerSession::wire_result_of(const Target& target) const {
  auto result = wire_result(store_->store_dir(), target.path.of.path, target.granted);
  if (target.opaque && target.granted.made) result.status = WireBuildStatus::substituted;
  return result;
}

Done WorkerSession::handle(const BuildPaths& request) {
  if (request.mode == BuildMode::repair) require_trust("repairing");
  const auto made = make(request.targets, request.mode);
  std::vector<const Target*> failed;
  for (const auto& target : made) {
    if (target.granted.outcome != Outcome::good) failed.push_back(&target);
  }
  if (failed.empty()) return {};
  // Those that were given up because of another one are no news.
  const auto first = std::find_if(failed.begin(), failed.end(), [](const Target* target) {
    return target->granted.outcome != Outcome::aborted;
  });
  const Target& told = first == failed.end() ? *failed.front() : **first;
  if (failed.size() == 1 || !settings_.keep_going) throw InvalidError(failure_text_of(told));
  std::string names;
  for (const auto* target : failed) {
    names += (names.empty() ? "'" : ", '") + store_->store_dir().print(target->path.of.path) + "'";
  }
  throw InvalidError("build of " + names + " failed");
}

BuildPathsWithResults::Reply WorkerSession::handle(const BuildPathsWithResults& request) {
  if (request.mode == BuildMode::repair) require_trust("repairing");
  BuildPathsWithResults::Reply reply;
  for (const auto& target : make(request.targets, request.mode)) {
    reply.emplace_back(target.path, wire_result_of(target));
  }
  return reply;
}

Done WorkerSession::handle(const EnsurePath& request) {
  const auto made = make({DerivedPath::opaque(request.path)}, BuildMode::normal);
  if (made.front().granted.outcome != Outcome::good) {
    throw InvalidError(made.front().granted.message);
  }
  return {};
}

WireBuildResult WorkerSession::handle(const BuildDerivation& request) {
  if (request.mode == BuildMode::repair) require_trust("repairing");
  const auto basic = BasicDerivation::check(store_->store_dir(), request.derivation);
  if (basic.complete) {
    // All that is known of it follows from itself: it is as good as any in the store.
    const auto path =
        store_->add_text(basic.path.name(), basic.text, basic.derivation.input_sources);
    return wire_result_of(make({DerivedPath::all_of(path)}, request.mode).front());
  }
  if (!client_.trusted) {
    throw DeniedError("you are not privileged to build input-addressed derivations");
  }
  const PeerWatch watch(in_, context_.stop);
  BuildActivities activities(queue_, context_.builds, store_->store_dir());
  // In a thread of its own, so that this one can tell of it.
  std::jthread building([&] {
    activities.ended({build_basic(*store_, context_.builds, basic, terms(request.mode), activities,
                                  watch.token())});
  });
  while (!activities.has_ended()) {
    tell_all(queue_.take({}));
    out_.flush();
  }
  building.join();
  if (watch.token().stop_requested()) throw CancelledError("interrupted");
  return wire_result_of({DerivedPath::all_of(basic.path), activities.take().front(), false});
}

}  // namespace grange
