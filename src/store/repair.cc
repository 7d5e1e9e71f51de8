#include "store/repair.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/thread_annotations.h"
#include "store/nar_check.h"
#include "store/path_locks.h"
#include "store/staging.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

/// Whoever holds it may be building the same path again.
constexpr std::chrono::seconds kRepairPatience = std::chrono::hours(24);

/// Length of a SHA-256 in Nix's base 32: other names in `.links` are nobody's affair.
constexpr std::size_t kLinkNameLength = 52;

/// An ordinary user may not move a directory that he may not write to.
void change_directory_mode(const fs::path& path, mode_t mode) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_errno("looking at", path.string());
  if (S_ISDIR(status.st_mode) && ::chmod(path.c_str(), mode) != 0) {
    throw_errno("changing the mode of", path.string());
  }
}

void move_over(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw_errno("moving '" + from.string() + "' to", to.string());
  }
}

void exchange_names(const fs::path& tree, const fs::path& real) {
  if (::renameat2(AT_FDCWD, tree.c_str(), AT_FDCWD, real.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) throw_errno("replacing", real.string());
  const fs::path aside = tree.string() + ".damaged";
  move_over(real, aside);
  try {
    move_over(tree, real);
  } catch (...) {
    ::rename(aside.c_str(), real.c_str());
    throw;
  }
  move_over(aside, tree);
}

bool is_damaged_link(const fs::path& link) {
  try {
    return fs::is_regular_file(fs::symlink_status(link)) &&
           hash_nar(link).hash.digits(HashFormat::nix32) != link.filename();
  } catch (const NotFoundError&) {  // collected meanwhile
    return false;
  }
}

/// Of regular files that have other names.
std::set<ino_t> shared_inodes(const fs::path& tree) {
  std::set<ino_t> inodes;
  const auto look_at = [&](const fs::path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) throw_errno("looking at", file.string());
    if (S_ISREG(status.st_mode) && status.st_nlink > 1) inodes.insert(status.st_ino);
  };
  look_at(tree);
  if (!fs::is_directory(fs::symlink_status(tree))) return inodes;
  for (const auto& entry : fs::recursive_directory_iterator(tree)) look_at(entry.path());
  return inodes;
}

void remove_link(const fs::path& link) {
  if (::unlink(link.c_str()) != 0 && errno != ENOENT) throw_errno("removing", link.string());
}

/// What is named as a digest in `.links`.
std::vector<fs::path> list_links(const StoreLocation& location) {
  const fs::path directory = location.real_store / ".links";
  std::vector<fs::path> links;
  if (!fs::exists(directory)) return links;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().native().size() == kLinkNameLength) links.push_back(entry.path());
  }
  return links;
}

void remove_damaged_links_to(const StoreLocation& location, const fs::path& damaged) {
  const auto inodes = shared_inodes(damaged);
  if (inodes.empty()) return;
  for (const auto& link : list_links(location)) {
    struct stat status {};
    if (::lstat(link.c_str(), &status) != 0 || !inodes.contains(status.st_ino)) continue;
    if (is_damaged_link(link)) remove_link(link);
  }
}

}  // namespace

void exchange_object(const LocalStore& store, const StorePath& path, const fs::path& tree) {
  const fs::path real = store.real_path(path);
  struct stat status {};
  if (::lstat(real.c_str(), &status) != 0) {
    if (errno != ENOENT) throw_errno("looking at", real.string());
    move_canonical_tree(tree, real);
    return;
  }
  change_directory_mode(tree, 0755);
  change_directory_mode(real, 0755);
  try {
    exchange_names(tree, real);
  } catch (...) {
    if (S_ISDIR(status.st_mode)) ::chmod(real.c_str(), status.st_mode & 07777);
    throw;
  }
  change_directory_mode(real, 0555);
  remove_damaged_links_to(store.location(), tree);
}

void replace_object(LocalStore& store, const PathInfo& registered, Source& nar,
                    const std::stop_token& stop) {
  const auto shown = store.store_dir().print(registered.path);
  with_context([&] { return "while repairing path '" + shown + "'"; },
               [&] {
                 Staging staging(store.location());
                 StagedTree staged(staging);
                 HashSink hash(registered.nar_hash.algorithm());
                 TeeSource tee(nar, hash);
                 restore_nar(staged.path(), tee);
                 check_nar(store.store_dir(), registered, hash.finish(), hash.size());
                 canonicalise_tree(staged.path(), std::nullopt);
                 PathLocks locks =
                     lock_paths(store.location(), {registered.path}, stop, kRepairPatience);
                 locks.remove_files();
                 if (!store.is_valid(registered.path)) {
                   throw NotFoundError("path '" + shown + "' is not valid any more");
                 }
                 exchange_object(store, registered.path, staged.path());
               });
}

std::vector<std::string> remove_damaged_links(const StoreLocation& location,
                                              const std::stop_token& stop) {
  const auto links = list_links(location);
  std::vector<std::string> removed;
  Mutex mutex;
  parallel_for(links.size(), processor_count(), [&](std::size_t i) {
    if (stop.stop_requested()) throw CancelledError("checking the store's links was cancelled");
    if (!is_damaged_link(links[i])) return;
    remove_link(links[i]);
    const MutexLock lock(mutex);
    removed.push_back(links[i].filename());
  });
  std::sort(removed.begin(), removed.end());
  return removed;
}

}  // namespace grange
