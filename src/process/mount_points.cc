#include "process/mount_points.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

using ObjectKind = StoreObject::Kind;

constexpr int kGiveBackAttempts = 100;

struct FoundEntry {
  std::string name;
  ObjectKind kind;
  auto operator<=>(const FoundEntry&) const = default;
};

FileDescriptor open_directory(const std::string& path) {
  FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) throw_errno("opening", path);
  return directory;
}

ObjectKind kind_of(int directory, const dirent& entry) {
  unsigned char type = entry.d_type;
  struct stat status {};
  if (type == DT_UNKNOWN && ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    type = static_cast<unsigned char>(IFTODT(status.st_mode));
  }
  if (type == DT_DIR) return ObjectKind::directory;
  return type == DT_REG ? ObjectKind::file : ObjectKind::symlink;
}

/// Sorted by name.
std::vector<FoundEntry> list_directory(const std::string& path) {
  FileDescriptor directory = open_directory(path);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.release()), &::closedir);
  if (!stream) throw_errno("reading", path);
  std::vector<FoundEntry> found;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      found.push_back({entry->d_name, kind_of(::dirfd(stream.get()), *entry)});
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// A directory with exactly this mode, which may be there.
void make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) throw_errno("creating", path);
  if (::chmod(path.c_str(), mode) != 0) throw_errno("setting the mode of", path);
}

void rename_between(int from, const std::string& old_name, int to, const std::string& new_name) {
  if (::renameat(from, old_name.c_str(), to, new_name.c_str()) != 0) {
    throw_errno("renaming mount point", old_name);
  }
}

/// Moves what a builder made, also a directory that it has made read-only: a directory that gets
/// another parent must be writable.
void move_made(int from, const std::string& name, int to) {
  if (::renameat(from, name.c_str(), to, name.c_str()) == 0) return;
  struct stat status {};
  if (errno != EACCES || ::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISDIR(status.st_mode)) {
    throw_errno("moving output", name);
  }
  const mode_t mode = status.st_mode & 07777;
  if (::fchmodat(from, name.c_str(), mode | S_IWUSR, 0) != 0 ||
      ::renameat(from, name.c_str(), to, name.c_str()) != 0 ||
      ::fchmodat(to, name.c_str(), mode, 0) != 0) {
    throw_errno("moving output", name);
  }
}

const StoreObject* find_object(const std::vector<StoreObject>& objects, std::string_view name) {
  const auto found = std::lower_bound(
      objects.begin(), objects.end(), name,
      [](const StoreObject& object, std::string_view key) { return object.name < key; });
  return found != objects.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

MountPoints::MountPoints(const SandboxSpec& spec, const SandboxPlan& plan)
    : plan_(plan),
      pool_(spec.mount_points),
      slot_(plan.root + "/.mount-points"),
      directory_(slot_ + "/store"),
      outputs_(plan.root) {
  for (const auto& component : std::filesystem::path(plan.store_dir).relative_path()) {
    outputs_ += "/" + component.native();
    make_directory(outputs_, 0755);
  }
  make_directory(plan.root + "/tmp", 01777);
  if (!pool_.empty()) take_from_pool();
  make_directory(slot_, 0755);
  make_directory(directory_, 01775);
  if (spec.outside &&
      ::chown(directory_.c_str(), static_cast<uid_t>(-1), spec.outside->second) != 0) {
    throw_errno("giving the builder's group", directory_);
  }
  arrange();
}

void MountPoints::take_from_pool() {
  if (::mkdir(pool_.c_str(), 0700) == 0) return;
  if (errno != EEXIST) throw_errno("creating", pool_);
  const FileDescriptor pool = open_directory(pool_);
  for (const auto& entry : list_directory(pool_)) {
    // Another step may be faster.
    if (::renameat(pool.get(), entry.name.c_str(), AT_FDCWD, slot_.c_str()) == 0) return;
  }
}

void MountPoints::arrange() {
  const FileDescriptor directory = open_directory(directory_);
  std::vector<std::string> idle;
  std::vector<bool> there(plan_.objects.size());
  for (auto& entry : list_directory(directory_)) {
    const StoreObject* object = find_object(plan_.objects, entry.name);
    if (object != nullptr && object->kind == entry.kind && entry.kind != ObjectKind::symlink) {
      there[static_cast<std::size_t>(object - plan_.objects.data())] = true;
    } else if (entry.kind == ObjectKind::directory) {
      idle.push_back(std::move(entry.name));
    } else if (::unlinkat(directory.get(), entry.name.c_str(), 0) != 0) {
      throw_errno("removing mount point", entry.name);
    }
  }
  std::vector<const StoreObject*> missing;
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (!there[i]) missing.push_back(&plan_.objects[i]);
  }
  // Directories first: an idle one may have the name that is now a file's.
  std::stable_partition(missing.begin(), missing.end(), [](const StoreObject* object) {
    return object->kind == ObjectKind::directory;
  });
  const auto first_other = std::find_if(missing.begin(), missing.end(), [](const auto* object) {
    return object->kind != ObjectKind::directory;
  });
  make_directories(directory.get(), {missing.begin(), first_other}, std::move(idle));
  for (auto object = first_other; object != missing.end(); ++object) {
    const char* name = (*object)->name.c_str();
    const int made = (*object)->kind == ObjectKind::file
                         ? ::mknodat(directory.get(), name, S_IFREG | 0444, 0)
                         : ::symlinkat((*object)->source.c_str(), directory.get(), name);
    if (made != 0) throw_errno("creating", name);
  }
}

void MountPoints::make_directories(int directory, const std::vector<const StoreObject*>& missing,
                                   std::vector<std::string> idle) const {
  const std::string spare_path = slot_ + "/spare";
  std::vector<FoundEntry> spare_entries;
  FileDescriptor spare;
  if (idle.size() != missing.size()) {
    make_directory(spare_path, 0755);
    spare = open_directory(spare_path);
  }
  if (idle.size() < missing.size()) spare_entries = list_directory(spare_path);
  for (const StoreObject* object : missing) {
    if (!idle.empty()) {
      rename_between(directory, idle.back(), directory, object->name);
      idle.pop_back();
    } else if (!spare_entries.empty()) {
      rename_between(spare.get(), spare_entries.back().name, directory, object->name);
      spare_entries.pop_back();
    } else if (::mkdirat(directory, object->name.c_str(), 0755) != 0) {
      throw_errno("creating mount point", object->name);
    }
  }
  for (const auto& name : idle) rename_between(directory, name, spare.get(), name);
}

void MountPoints::release() {
  move_outputs();
  if (pool_.empty()) return;
  const std::string name = pool_ + "/" + std::to_string(::getpid());
  for (int attempt = 0; attempt < kGiveBackAttempts; ++attempt) {
    // Another one may be there since another process had this number.
    if (::rename(slot_.c_str(), (name + "-" + std::to_string(attempt)).c_str()) == 0) return;
    if (errno != ENOTEMPTY && errno != EEXIST) throw_errno("giving back mount points to", pool_);
  }
}

void MountPoints::move_outputs() {
  make_directory(directory_, 01775);  // whatever its owner, the builder, made of it
  const FileDescriptor directory = open_directory(directory_);
  const FileDescriptor outputs = open_directory(outputs_);
  const FileDescriptor root = open_directory(plan_.root);
  for (const auto& entry : list_directory(directory_)) {
    const StoreObject* object = find_object(plan_.objects, entry.name);
    if (object != nullptr && object->kind == entry.kind) continue;
    const std::string inside = plan_.store_dir + "/" + entry.name;
    const bool opened = std::any_of(plan_.entries.begin(), plan_.entries.end(),
                                    [&](const auto& own) { return own.path == inside; });
    if (opened) {  // for sandbox paths below a store object
      rename_between(directory.get(), entry.name, root.get(), ".opened-" + entry.name);
    } else {
      move_made(directory.get(), entry.name, outputs.get());
    }
  }
}

}  // namespace grange
