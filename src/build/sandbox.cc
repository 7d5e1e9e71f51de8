#include "build/sandbox.h"

#include <string>

#include "base/error.h"

namespace grange {
namespace {

/// The part of `path` below `directory`, without a leading slash; nothing when it is elsewhere.
std::optional<std::string> below(const std::filesystem::path& path, const std::string& directory) {
  const auto text = path.lexically_normal().string();
  if (!text.starts_with(directory + "/")) return std::nullopt;
  return text.substr(directory.size() + 1);
}

std::optional<std::string> in_store(const std::filesystem::path& path,
                                    const StoreLocation& location) {
  if (auto rest = below(path, location.store_dir.str())) return rest;
  return below(path, location.real_store.string());
}

}  // namespace

ResolvedSandboxPaths resolve_sandbox_paths(const std::vector<SandboxPath>& paths,
                                           LocalStore& store) {
  ResolvedSandboxPaths resolved;
  std::set<StorePath> objects;
  for (auto path : paths) {
    if (const auto rest = in_store(path.source, store.location())) {
      const auto object = StorePath::try_parse(rest->substr(0, rest->find('/')));
      if (object && (!path.optional || store.is_valid(*object))) objects.insert(*object);
      path.source = store.location().real_store / *rest;
    }
    resolved.paths.push_back(std::move(path));
  }
  if (!objects.empty()) {
    resolved.closure =
        with_context([] { return std::string("while looking up the sandbox paths in the store"); },
                     [&] { return store.closure(objects); });
  }
  return resolved;
}

SandboxSpec make_sandbox(const SandboxRequest& request, const ResolvedSandboxPaths& paths,
                         const StoreLocation& location) {
  SandboxSpec spec;
  spec.root = request.root;
  spec.mount_points = location.own_state() / "mount-points";
  spec.store_dir = location.store_dir.str();
  spec.physical_store = location.real_store;
  spec.paths = paths.paths;
  spec.build_directory = request.build_directory;
  spec.private_network = !request.network;
  spec.outside = request.identity;
  spec.store_objects.reserve(request.input_closure.size() + paths.closure.size());
  for (const auto& path : request.input_closure) spec.store_objects.push_back(path.base_name());
  for (const auto& path : paths.closure) {
    if (!request.input_closure.contains(path)) spec.store_objects.push_back(path.base_name());
  }
  return spec;
}

}  // namespace grange
