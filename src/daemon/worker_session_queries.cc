#include "base/error.h"
#include "base/text.h"
#include "daemon/missing_paths.h"
#include "daemon/realisation_keys.h"
#include "daemon/worker_session.h"
#include "derivation/aterm.h"

namespace grange {
namespace {

/// A valid derivation, by its file.
Derivation read_valid_derivation(LocalStore& store, const StorePath& path) {
  std::string text;
  if (!store.is_valid(path) || !directory_reader(store.location().real_store)(path, text)) {
    throw InvalidError("path '" + store.store_dir().print(path) + "' is not valid");
  }
  return parse_aterm(store.store_dir(), path.derivation_name(), text);
}

/// By output name: where it is, as far as that is known.
std::map<std::string, std::optional<StorePath>> output_map(LocalStore& store,
                                                           const StorePath& path) {
  const auto derivation = read_valid_derivation(store, path);
  std::map<std::string, std::optional<StorePath>> outputs;
  bool complete = true;
  for (const auto& [name, output] : derivation.outputs) {
    complete &= outputs.emplace(name, derivation.stated_path(name)).first->second.has_value();
  }
  if (complete || derivation.kind() == DerivationKind::impure) return outputs;
  const auto graph = load_closure(store, path);
  const auto index = graph.find(path).value();
  const auto hash = graph.drv_output_hash(index);
  if (!hash) return outputs;
  std::set<DrvOutput> ids;
  for (const auto& [name, known] : outputs) ids.insert({*hash, name});
  for (const auto& [id, realisation] : store.realisations(ids)) {
    outputs[id.output] = realisation.out_path;
  }
  return outputs;
}

}  // namespace

bool WorkerSession::handle(const IsValidPath& request) {
  return store_->is_valid(request.path);
}

bool WorkerSession::handle(const HasSubstitutes& request) {
  return !handle(QuerySubstitutablePaths{{request.path}}).empty();
}

NarHashReply WorkerSession::handle(const QueryPathHash& request) {
  const auto info = store_->path_info(request.path);
  if (!info) check_valid(request.path);
  return {info->nar_hash};
}

std::set<StorePath> WorkerSession::handle(const QueryReferences& request) {
  const auto info = store_->path_info(request.path);
  if (!info) check_valid(request.path);
  return info->references;
}

std::set<StorePath> WorkerSession::handle(const QueryReferrers& request) {
  return store_->referrers(request.path);
}

std::optional<StorePath> WorkerSession::handle(const QueryDeriver& request) {
  const auto info = store_->path_info(request.path);
  if (!info) check_valid(request.path);
  return info->deriver;
}

std::set<StorePath> WorkerSession::handle(const QueryValidDerivers& request) {
  return store_->valid_derivers(request.path);
}

std::set<StorePath> WorkerSession::handle(const QueryDerivationOutputs& request) {
  std::set<StorePath> paths;
  for (auto& [name, path] : output_map(*store_, request.path)) {
    if (path) paths.insert(*std::move(path));
  }
  return paths;
}

std::set<std::string> WorkerSession::handle(const QueryDerivationOutputNames& request) {
  std::set<std::string> names;
  for (const auto& [name, output] : read_valid_derivation(*store_, request.path).outputs) {
    names.insert(name);
  }
  return names;
}

std::map<std::string, std::optional<StorePath>> WorkerSession::handle(
    const QueryDerivationOutputMap& request) {
  return output_map(*store_, request.path);
}

std::set<StorePath> WorkerSession::handle(const QueryAllValidPaths&) {
  const auto paths = store_->all_valid_paths();
  return {paths.begin(), paths.end()};
}

NoReply WorkerSession::handle(const NarFromPath& request) {
  check_valid(request.path);  // the archive itself stands behind the reply
  store_->add_temporary_root(request.path);
  return {};
}

PathInfoReply WorkerSession::handle(const QueryPathInfo& request) {
  const auto info = store_->path_info(request.path);
  if (info) return {UnkeyedPathInfo(*info)};
  if (!dialect_.at_least(17)) check_valid(request.path);
  return {std::nullopt};
}

std::optional<StorePath> WorkerSession::handle(const QueryPathFromHashPart& request) {
  const auto info = store_->path_info_of_hash_part(request.hash_part);
  return info ? std::optional(info->path) : std::nullopt;
}

std::set<StorePath> WorkerSession::handle(const QueryValidPaths& request) {
  if (request.substitute) {
    std::set<StorePath> absent;
    const auto valid = store_->valid_among(request.paths);
    for (const auto& path : request.paths) {
      if (!valid.contains(path)) absent.insert(absent.end(), path);
    }
    fetch(absent);
  }
  // Who asks means to use them.
  store_->add_temporary_roots(request.paths);
  return store_->valid_among(request.paths);
}

std::set<StorePath> WorkerSession::handle(const QuerySubstitutablePaths& request) {
  std::set<StorePath> paths;
  for (const auto& [path, info] : substitutable(substituters()->stores, request.paths)) {
    paths.insert(path);
  }
  return paths;
}

SubstitutableReply WorkerSession::handle(const QuerySubstitutablePathInfo& request) {
  auto infos = handle(QuerySubstitutablePathInfos{{{request.path, std::nullopt}}});
  if (infos.empty()) return {std::nullopt};
  return {std::move(infos.begin()->second)};
}

QuerySubstitutablePathInfos::Reply WorkerSession::handle(
    const QuerySubstitutablePathInfos& request) {
  std::set<StorePath> paths;
  for (const auto& [path, address] : request.paths) paths.insert(path);
  QuerySubstitutablePathInfos::Reply reply;
  for (auto& [path, info] : substitutable(substituters()->stores, paths)) {
    reply.emplace(path, SubstitutablePathInfo{std::move(info.deriver), std::move(info.references),
                                              0, info.nar_size});
  }
  return reply;
}

MissingPaths WorkerSession::handle(const QueryMissing& request) {
  return find_missing(*store_, substituters()->stores, request.targets);
}

}  // namespace grange
