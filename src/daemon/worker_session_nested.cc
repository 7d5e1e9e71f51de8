// The store as the builder of an attempt may use it. Each operation that it has is named here: its
// client is not trusted, and what it does not see does not exist.

#include <algorithm>
#include <utility>
#include <variant>

#include "archive/nar.h"
#include "base/error.h"
#include "daemon/realisation_keys.h"
#include "daemon/worker_session.h"

namespace grange {
namespace {

/// Takes away what depends on how and when it came here.
void censor(UnkeyedPathInfo& info) {
  info.deriver.reset();
  info.registration_time = 0;
  info.ultimate = false;
  info.signatures.clear();
}

}  // namespace

void WorkerSession::require_visible(const StorePath& path) const {
  if (!nested_->sees(path)) {
    throw InvalidError("path '" + store_->store_dir().print(path) + "' is not valid");
  }
}

void WorkerSession::require_visible_references(const std::set<StorePath>& references,
                                               const StorePath* self) const {
  for (const auto& reference : references) {
    if (self == nullptr || reference != *self) require_visible(reference);
  }
}

void WorkerSession::require_buildable(const std::vector<DerivedPath>& targets,
                                      BuildMode mode) const {
  if (mode != BuildMode::normal) {
    throw DeniedError("builders may not have anything checked or repaired");
  }
  for (const auto& target : targets) require_visible(target.of.path);
}

/// The derivations that have still to be made, and their outputs.
std::set<StorePath> WorkerSession::unmade(const std::vector<BuildWish>& wishes) {
  std::set<StorePath> roots;
  for (const auto& wish : wishes) roots.insert(wish.derivation);
  const auto graph = load_closures(*store_, roots);
  std::vector<std::set<StorePath>> outputs(graph.size());
  std::set<StorePath> all;
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    for (const auto& name : graph.output_names(index)) {
      if (auto path = graph.output_path(index, name)) outputs[index].insert(*std::move(path));
    }
    all.insert(outputs[index].begin(), outputs[index].end());
  }
  const auto valid = store_->valid_among(all);
  const auto is_made = [&](DerivationIndex index) {
    return outputs[index].size() == graph.output_names(index).size() &&
           std::includes(valid.begin(), valid.end(), outputs[index].begin(), outputs[index].end());
  };
  std::set<StorePath> unmade;
  std::vector<bool> seen(graph.size());
  std::vector<DerivationIndex> todo;
  const auto visit = [&](DerivationIndex index) {
    if (!seen[index] && !is_made(index)) todo.push_back(index);
    seen[index] = true;
  };
  for (const auto& root : roots) visit(graph.find(root).value());
  while (!todo.empty()) {
    const auto index = todo.back();
    todo.pop_back();
    unmade.insert(graph.path(index));
    unmade.merge(outputs[index]);
    for (const auto& edge : graph.inputs(index)) visit(edge.input);
  }
  return unmade;
}

// Questions.

bool WorkerSession::handle_nested(const IsValidPath& request) {
  return nested_->sees(request.path) && handle(request);
}

bool WorkerSession::handle_nested(const HasSubstitutes&) {
  return false;
}

NarHashReply WorkerSession::handle_nested(const QueryPathHash& request) {
  require_visible(request.path);
  return handle(request);
}

std::set<StorePath> WorkerSession::handle_nested(const QueryReferences& request) {
  require_visible(request.path);
  return handle(request);
}

std::set<StorePath> WorkerSession::handle_nested(const QueryReferrers& request) {
  require_visible(request.path);
  return nested_->seen_of(handle(request));
}

/// Who has made it may be anybody's.
std::optional<StorePath> WorkerSession::handle_nested(const QueryDeriver& request) {
  require_visible(request.path);
  const auto deriver = handle(request);
  return deriver && nested_->sees(*deriver) ? deriver : std::nullopt;
}

std::set<StorePath> WorkerSession::handle_nested(const QueryValidDerivers& request) {
  require_visible(request.path);
  return nested_->seen_of(handle(request));
}

std::set<StorePath> WorkerSession::handle_nested(const QueryDerivationOutputs& request) {
  require_visible(request.path);
  return handle(request);
}

std::set<std::string> WorkerSession::handle_nested(const QueryDerivationOutputNames& request) {
  require_visible(request.path);
  return handle(request);
}

std::map<std::string, std::optional<StorePath>> WorkerSession::handle_nested(
    const QueryDerivationOutputMap& request) {
  require_visible(request.path);
  return handle(request);
}

std::set<StorePath> WorkerSession::handle_nested(const QueryAllValidPaths&) {
  return nested_->visible();
}

std::set<StorePath> WorkerSession::handle_nested(const QuerySubstitutablePaths&) {
  return {};
}

NoReply WorkerSession::handle_nested(const NarFromPath& request) {
  require_visible(request.path);
  return handle(request);
}

PathInfoReply WorkerSession::handle_nested(const QueryPathInfo& request) {
  if (!nested_->sees(request.path)) {
    if (!dialect_.at_least(17)) require_visible(request.path);
    return {std::nullopt};
  }
  const auto info = store_->path_info(request.path);
  if (!info) return handle(request);
  UnkeyedPathInfo told(*info);
  censor(told);
  return {std::move(told)};
}

SubstitutableReply WorkerSession::handle_nested(const QuerySubstitutablePathInfo&) {
  return {std::nullopt};
}

QuerySubstitutablePathInfos::Reply WorkerSession::handle_nested(
    const QuerySubstitutablePathInfos&) {
  return {};
}

std::optional<StorePath> WorkerSession::handle_nested(const QueryPathFromHashPart& request) {
  const auto path = handle(request);
  return path && nested_->sees(*path) ? path : std::nullopt;
}

std::set<StorePath> WorkerSession::handle_nested(const QueryValidPaths& request) {
  return store_->valid_among(nested_->seen_of(request.paths));
}

MissingPaths WorkerSession::handle_nested(const QueryMissing& request) {
  QueryMissing visible;
  std::set<StorePath> unknown;
  for (const auto& target : request.targets) {
    if (nested_->sees(target.of.path)) {
      visible.targets.push_back(target);
    } else {
      unknown.insert(target.of.path);
    }
  }
  auto missing = handle(visible);
  missing.unknown.merge(unknown);
  return missing;
}

RealisationReply WorkerSession::handle_nested(const QueryRealisation& request) {
  if (const auto* output = std::get_if<OutputOfDerivation>(&request.output)) {
    require_visible(output->derivation);
  }
  auto reply = handle(request);
  if (auto* paths = std::get_if<std::set<StorePath>>(&reply.found)) {
    *paths = nested_->seen_of(*paths);
  } else if (auto* list = std::get_if<std::vector<Realisation>>(&reply.found)) {
    std::erase_if(*list, [&](const auto& one) { return !nested_->sees(one.out_path); });
  } else {
    auto& one = std::get<std::optional<RealisedOutput>>(reply.found);
    if (one && !nested_->sees(one->path)) one.reset();
  }
  return reply;
}

Done WorkerSession::handle_nested(const ExportPath& request) {
  require_visible(request.path);
  return handle(request);
}

// Adding. What is content-addressed has the references that its path says.

AddToStore::Reply WorkerSession::handle_nested(const AddToStore& request) {
  auto reply = handle(request);
  nested_->show({reply.path});
  if (reply.info) censor(*reply.info);
  return reply;
}

StorePath WorkerSession::handle_nested(const AddTextToStore& request) {
  require_visible_references(request.references, nullptr);
  auto path = handle(request);
  nested_->show({path});
  return path;
}

NoReply WorkerSession::handle_nested(const AddToStoreNar& request) {
  return handle(request);
}

NoReply WorkerSession::handle_nested(const AddMultipleToStore& request) {
  return handle(request);
}

Done WorkerSession::handle_nested(const AddBuildLog& request) {
  return handle(request);  // which reads the log, and then refuses it
}

std::vector<StorePath> WorkerSession::handle_nested(const ImportPaths& request) {
  return handle(request);
}

/// Who names a path that is valid already must show that he has its content before he sees it.
void WorkerSession::add_nested_nar(const PathInfo& info, Source& nar) {
  require_visible_references(info.references, &info.path);
  store_->add_temporary_root(info.path);
  HashSink hash(HashAlgorithm::sha256);
  if (store_->is_valid(info.path)) {
    copy_nar(nar, hash);
  } else {
    TeeSource tee(nar, hash);
    add_nar(info, tee, false);
  }
  const auto stored = store_->path_info(info.path);
  if (!stored || Hash(stored->nar_hash) != Hash(hash.finish())) {
    throw InvalidError("the archive of '" + store_->store_dir().print(info.path) +
                       "' is not what is registered");
  }
  require_visible_references(stored->references, &info.path);
  nested_->show({info.path});
}

// Builds.

Done WorkerSession::handle_nested(const BuildPaths& request) {
  require_buildable(request.targets, request.mode);
  return handle(request);
}

BuildPathsWithResults::Reply WorkerSession::handle_nested(const BuildPathsWithResults& request) {
  require_buildable(request.targets, request.mode);
  return handle(request);
}

Done WorkerSession::handle_nested(const EnsurePath& request) {
  require_visible(request.path);
  return {};
}

// The rest: what would be a matter of the whole store does nothing, or is refused.

NoReply WorkerSession::handle_nested(const SetOptions& request) {
  settings_.verbosity = request.verbosity;
  settings_.keep_going = request.keep_going;
  return {};
}

/// What is visible is kept while the builder runs.
Done WorkerSession::handle_nested(const AddTempRoot&) {
  return {};
}

Done WorkerSession::handle_nested(const AddIndirectRoot&) {
  return {};
}

Done WorkerSession::handle_nested(const SyncWithGC& request) {
  return handle(request);
}

std::vector<std::pair<std::string, StorePath>> WorkerSession::handle_nested(const FindRoots&) {
  return {};
}

}  // namespace grange
