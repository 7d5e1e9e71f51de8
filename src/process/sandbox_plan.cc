#include "process/sandbox_plan.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

constexpr const char* kPasswd =
    "root:x:0:0:Nix build user:/build:/noshell\n"
    "nixbld:x:1000:100:Nix build user:/build:/noshell\n"
    "nobody:x:65534:65534:Nobody:/:/noshell\n";
constexpr const char* kGroup = "root:x:0:\nnixbld:!:100:\nnogroup:x:65534:\n";
constexpr const char* kPrivateHosts = "127.0.0.1 localhost\n::1 localhost\n";
constexpr const char* kNameServices = "hosts: files dns\nservices: files\n";

void add_configuration(VisibleTree& tree, bool private_network) {
  tree.add_file("/etc/passwd", kPasswd);
  tree.add_file("/etc/group", kGroup);
  if (private_network) {
    tree.add_file("/etc/hosts", kPrivateHosts);
    return;
  }
  tree.add_file("/etc/nsswitch.conf", kNameServices);
  for (const char* path : {"/etc/resolv.conf", "/etc/services", "/etc/hosts"}) {
    tree.bind(path, path);
  }
}

void add_devices(VisibleTree& tree, bool kvm) {
  tree.add_directory("/dev/pts");
  tree.add_directory("/dev/shm");
  for (const char* path :
       {"/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"}) {
    if (!tree.bind(path, path)) {
      throw NotFoundError("this host has no '" + std::string(path) + "' to show in a sandbox");
    }
  }
  if (kvm) tree.bind("/dev/kvm", "/dev/kvm");
  tree.add_symlink("/dev/ptmx", "pts/ptmx");
  tree.add_symlink("/dev/fd", "/proc/self/fd");
  tree.add_symlink("/dev/stdin", "/proc/self/fd/0");
  tree.add_symlink("/dev/stdout", "/proc/self/fd/1");
  tree.add_symlink("/dev/stderr", "/proc/self/fd/2");
}

bool is_within(const std::filesystem::path& path, const std::filesystem::path& directory) {
  const auto [last, rest] =
      std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return last == directory.end();
}

/// A path that would hide what the sandbox itself provides, or be made in a directory of the host.
void check_target(const std::filesystem::path& target, const SandboxSpec& spec) {
  for (const char* own : {"/proc", "/build"}) {
    if (is_within(target, own)) {
      throw InvalidError("sandbox path '" + target.string() + "' is not possible: '" + own +
                         "' is the sandbox's own");
    }
  }
  for (const char* own : {"/dev/pts", "/dev/shm"}) {
    if (target != own && is_within(target, own)) {
      throw InvalidError("sandbox path '" + target.string() + "' is not possible: what is in '" +
                         own + "' is the sandbox's own");
    }
  }
  for (const std::filesystem::path& own : {std::filesystem::path("/"), spec.store_dir}) {
    if (is_within(own, target)) {
      throw InvalidError("sandbox path '" + target.string() + "' is not possible: '" +
                         own.string() + "' is the sandbox's own");
    }
  }
}

void add_sandbox_paths(VisibleTree& tree, const SandboxSpec& spec) {
  std::vector<SandboxPath> paths = spec.paths;
  for (auto& path : paths) {
    path.target = path.target.lexically_normal();
    if (!path.target.has_filename()) path.target = path.target.parent_path();
  }
  std::stable_sort(paths.begin(), paths.end(),
                   [](const auto& a, const auto& b) { return a.target < b.target; });
  for (const auto& path : paths) {
    check_target(path.target, spec);
    if (!tree.bind(path.target.native(), path.source) && !path.optional) {
      throw NotFoundError("sandbox path '" + path.target.string() + "': there is no '" +
                          path.source.string() + "' on this host");
    }
  }
}

std::string real_path(const std::filesystem::path& path, const char* what) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr),
                                                        &std::free);
  if (resolved) return resolved.get();
  if (errno == ENOENT || errno == ENOTDIR) {
    throw NotFoundError(std::string(what) + " '" + path.string() + "' does not exist");
  }
  throw_errno("looking at", path.native());
}

StoreObject look_at_object(int store, const std::string& physical_store, const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw InvalidError("'" + name + "' is no name of a store object");
  }
  StoreObject object;
  object.name = name;
  struct stat status {};
  if (::fstatat(store, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) throw_errno("looking at store object", name);
    throw NotFoundError("input '" + name + "' is not in the store '" + physical_store + "'");
  }
  if (S_ISLNK(status.st_mode)) {
    object.kind = StoreObject::Kind::symlink;
    object.source.resize(PATH_MAX);
    const auto size = ::readlinkat(store, name.c_str(), object.source.data(), PATH_MAX);
    if (size < 0) throw_errno("reading symlink", name);
    object.source.resize(static_cast<std::size_t>(size));
    return object;
  }
  if (!S_ISDIR(status.st_mode)) object.kind = StoreObject::Kind::file;
  object.source = physical_store + "/" + name;
  return object;
}

FileDescriptor open_store(const std::string& physical_store) {
  FileDescriptor store(::open(physical_store.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!store) throw_errno("opening the store", physical_store);
  return store;
}

std::vector<StoreObject>::const_iterator place_of(const std::vector<StoreObject>& objects,
                                                  std::string_view name) {
  return std::lower_bound(
      objects.begin(), objects.end(), name,
      [](const StoreObject& object, std::string_view key) { return object.name < key; });
}

/// The closure, and first of all the sandbox paths that are store objects themselves.
std::vector<StoreObject> find_objects(const SandboxSpec& spec, const VisibleTree& tree,
                                      SandboxPlan& plan) {
  std::vector<StoreObject> objects;
  const std::string prefix = plan.store_dir + "/";
  std::erase_if(plan.entries, [&](const VisibleTree::Entry& entry) {
    if (!entry.path.starts_with(prefix) ||
        entry.path.find('/', prefix.size()) != std::string::npos) {
      return false;
    }
    if (entry.kind != VisibleTree::Kind::bind_directory &&
        entry.kind != VisibleTree::Kind::bind_file) {
      return false;
    }
    objects.push_back({entry.path.substr(prefix.size()),
                       entry.kind == VisibleTree::Kind::bind_file ? StoreObject::Kind::file
                                                                  : StoreObject::Kind::directory,
                       entry.text});
    return true;
  });
  const auto store = open_store(plan.physical_store);
  for (const auto& name : spec.store_objects) {
    if (tree.has_children(plan.store_dir) && tree.contains(prefix + name)) continue;
    objects.push_back(look_at_object(store.get(), plan.physical_store, name));
  }
  std::sort(objects.begin(), objects.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  objects.erase(std::unique(objects.begin(), objects.end(),
                            [](const auto& a, const auto& b) { return a.name == b.name; }),
                objects.end());
  return objects;
}

}  // namespace

SandboxPlan plan_sandbox(const SandboxSpec& spec) {
  if (!spec.store_dir.is_absolute() || !spec.store_dir.has_relative_path()) {
    throw InvalidError("store directory '" + spec.store_dir.string() +
                       "' of a sandbox must be absolute and not the root directory");
  }
  SandboxPlan plan;
  plan.store_dir = spec.store_dir.lexically_normal();
  plan.root = real_path(spec.root, "a sandbox's root directory");
  plan.build_directory = real_path(spec.build_directory, "build directory");
  VisibleTree tree;
  for (const char* path : {"/proc", "/tmp", "/build"}) tree.add_directory(path);
  tree.add_directory(plan.store_dir);
  add_configuration(tree, spec.private_network);
  if (spec.private_devices) {
    add_devices(tree, spec.kvm);
  } else {
    tree.bind("/dev", "/dev");
  }
  add_sandbox_paths(tree, spec);
  plan.entries = tree.entries();
  plan.physical_store = real_path(spec.physical_store, "store");
  plan.objects = find_objects(spec, tree, plan);
  return plan;
}

StoreObject find_store_object(const std::string& physical_store, const std::string& name) {
  return look_at_object(open_store(physical_store).get(), physical_store, name);
}

bool SandboxPlan::shows(std::string_view name) const {
  const auto place = place_of(objects, name);
  return place != objects.end() && place->name == name;
}

void SandboxPlan::add(StoreObject object) {
  objects.insert(place_of(objects, object.name), std::move(object));
}

}  // namespace grange
