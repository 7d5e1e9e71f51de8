#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "daemon/worker_session.h"
#include "store/garbage_collection.h"
#include "store/optimise.h"

namespace grange {
namespace {

constexpr std::string_view kCensored = "{censored}";

/// In the words that clients know.
CollectionResult delete_or_say(LocalStore& store, const std::set<StorePath>& paths,
                               const CollectionOptions& options, const std::stop_token& stop) {
  try {
    return delete_paths(store, paths, options, stop);
  } catch (const ConflictError& error) {
    throw ConflictError("cannot delete what is still alive: " + error.message() +
                        ". To find out why, use: nix-store --query --roots");
  }
}

}  // namespace

NoReply WorkerSession::handle(const SetOptions& request) {
  if (client_.restricted) {
    settings_.verbosity = request.verbosity;
    return {};
  }
  settings_.apply(request, context_.settings, client_.trusted,
                  [this](const std::string& message) { tell_line(Verbosity::warn, message); });
  store_->optimise_additions(settings_.optimise_additions);
  return {};
}

Done WorkerSession::handle(const AddTempRoot& request) {
  store_->add_temporary_root(request.path);
  return {};
}

Done WorkerSession::handle(const AddIndirectRoot& request) {
  store_->adopt_indirect_root(request.link);
  return {};
}

std::string WorkerSession::handle(const AddPermRoot& request) {
  require_trust("making a permanent root on the daemon's side");
  if (!request.link.starts_with('/')) {
    throw InvalidError("specified an absolute path for a root, got '" + printable(request.link) +
                       "'");
  }
  store_->add_temporary_root(request.path);
  store_->add_indirect_root(request.link, request.path);
  return request.link;
}

Done WorkerSession::handle(const SyncWithGC&) {
  return {};
}

std::vector<std::pair<std::string, StorePath>> WorkerSession::handle(const FindRoots&) {
  const auto& location = store_->location();
  auto roots = find_permanent_roots(location, false);
  for (auto& root : read_temporary_roots(location, false)) roots.push_back(std::move(root));
  for (auto& root : find_runtime_roots(location)) roots.push_back(std::move(root));
  std::vector<std::pair<std::string, StorePath>> told;
  std::set<StorePath> paths;
  for (const auto& root : roots) paths.insert(root.path);
  const auto valid = store_->valid_among(paths);
  for (auto& root : roots) {
    if (!valid.contains(root.path)) continue;
    told.emplace_back(client_.trusted ? std::move(root.origin) : std::string(kCensored),
                      std::move(root.path));
  }
  return told;
}

CollectedGarbage WorkerSession::handle(const CollectGarbage& request) {
  if (request.ignore_liveness) {
    throw DeniedError("you are not allowed to ignore liveness");
  }
  context_.builds.release_idle();
  const PeerWatch watch(in_, context_.stop);
  CollectionOptions options;
  options.keep_derivations = settings_.keep_derivations;
  options.keep_outputs = settings_.keep_outputs;
  options.dry_run =
      request.action == GarbageAction::tell_live || request.action == GarbageAction::tell_dead;
  if (request.max_freed < (std::uint64_t{1} << 62)) options.max_freed = request.max_freed;
  options.sync = context_.settings.store.sync;
  options.fast_metadata = context_.settings.store.fast_metadata;
  const auto& dir = store_->store_dir();
  CollectedGarbage collected;
  if (request.action == GarbageAction::delete_specific) {
    const auto result = delete_or_say(*store_, request.paths, options, watch.token());
    for (const auto& path : request.paths) collected.paths.push_back(dir.print(path));
    collected.bytes_freed = result.bytes_freed;
    return collected;
  }
  options.max_freed = options.dry_run ? std::nullopt : options.max_freed;
  auto before = store_->all_valid_paths();
  const auto result = collect_garbage(*store_, options, watch.token());
  for (const auto& problem : result.problems) tell_line(Verbosity::warn, problem);
  if (request.action == GarbageAction::tell_live) {
    const std::set<std::string> dead(result.names.begin(), result.names.end());
    for (const auto& path : before) {
      if (!dead.contains(path.base_name())) collected.paths.push_back(dir.print(path));
    }
    return collected;
  }
  collected.bytes_freed = result.bytes_freed;
  if (options.dry_run) {
    for (const auto& name : result.names) collected.paths.push_back(dir.str() + "/" + name);
    return collected;
  }
  const auto after = store_->valid_among({before.begin(), before.end()});
  for (const auto& path : before) {
    if (!after.contains(path)) collected.paths.push_back(dir.print(path));
  }
  return collected;
}

Done WorkerSession::handle(const OptimiseStore&) {
  const PeerWatch watch(in_, context_.stop);
  const auto result = optimise_store(*store_, watch.token());
  for (const auto& problem : result.problems) tell_line(Verbosity::warn, problem);
  return {};
}

bool WorkerSession::handle(const VerifyStore& request) {
  if (request.repair && !client_.trusted) {
    throw DeniedError("you are not privileged to repair paths");
  }
  const auto& dir = store_->store_dir();
  const PeerWatch watch(in_, context_.stop);
  std::set<StorePath> damaged;
  bool errors = false;
  for (const auto& problem : store_->verify(request.check_contents, watch.token())) {
    const auto& path = problem.path;
    if (std::filesystem::exists(std::filesystem::symlink_status(store_->real_path(path)))) {
      tell_line(Verbosity::error,
                "path '" + dir.print(path) + "' was modified! " + problem.problem);
      damaged.insert(path);
      continue;
    }
    auto referrers = store_->referrers(path);
    referrers.erase(path);
    if (referrers.empty()) {
      // Nobody misses it: as if it had been collected.
      tell_line(Verbosity::error,
                "path '" + dir.print(path) + "' disappeared, removing from database...");
      store_->invalidate(path);
      continue;
    }
    tell_line(Verbosity::error,
              "path '" + dir.print(path) + "' disappeared, but it still has valid referrers!");
    damaged.insert(path);
  }
  if (damaged.empty()) return false;
  if (request.repair) errors = !repair(damaged);
  return !request.repair || errors;
}

}  // namespace grange
