#include "store/optimise.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <unordered_set>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/thread_annotations.h"
#include "store/link_file.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

/// The inodes that `.links` holds already, which need not be hashed again.
std::unordered_set<std::uint64_t> linked_inodes(const fs::path& links) {
  std::unordered_set<std::uint64_t> inodes;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(links.c_str()), &::closedir);
  if (!directory) throw_errno("opening", links.string());
  while (const dirent* entry = ::readdir(directory.get())) inodes.insert(entry->d_ino);
  return inodes;
}

class Optimiser {
 public:
  Optimiser(LocalStore& store, const std::stop_token& stop)
      : store_(store),
        stop_(stop),
        linker_(store.location()),
        inodes_(linked_inodes(store.location().real_store / ".links")) {}

  OptimiseResult run() {
    const auto paths = store_.all_valid_paths();
    parallel_for(
        paths.size(), processor_count(),
        [&](std::size_t i) {
          if (stop_.stop_requested()) throw CancelledError("optimising the store was cancelled");
          share_files_of(paths[i]);
        },
        1);
    const MutexLock lock(mutex_);
    result_.files = files_;
    return result_;
  }

 private:
  void share_files_of(const StorePath& path) {
    store_.add_temporary_root(path);
    if (!store_.is_valid(path)) return;  // collected meanwhile
    try {
      for_each_shareable_file(
          store_.real_path(path),
          [this](const fs::path& file, const struct stat& status) { share(file, status); });
    } catch (const std::exception& error) {
      const MutexLock lock(mutex_);
      result_.problems.push_back(store_.store_dir().print(path) + ": " + error.what());
    }
  }

  void share(const fs::path& file, const struct stat& status) {
    ++files_;
    if (inodes_.contains(status.st_ino)) return;
    if (!linker_.share(file, link_name(file))) return;
    const MutexLock lock(mutex_);
    ++result_.linked;
    if (status.st_nlink == 1) {
      result_.bytes_freed += static_cast<std::uint64_t>(status.st_size);
    }
  }

  LocalStore& store_;
  const std::stop_token& stop_;
  LinkFile linker_;
  const std::unordered_set<std::uint64_t> inodes_;
  std::atomic<std::uint64_t> files_{0};
  Mutex mutex_;
  OptimiseResult result_ GUARDED_BY(mutex_);
};

}  // namespace

void for_each_shareable_file(
    const fs::path& object,
    const std::function<void(const fs::path& file, const struct stat& status)>& use) {
  const auto look_at = [&](const fs::path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) throw_errno("looking at", file.string());
    // Somebody may be writing to a file that is not read-only.
    if (S_ISREG(status.st_mode) && (status.st_mode & S_IWUSR) == 0) use(file, status);
  };
  if (!fs::is_directory(fs::symlink_status(object))) return look_at(object);
  for (const auto& entry : fs::recursive_directory_iterator(object)) look_at(entry.path());
}

std::string link_name(const fs::path& file) {
  return hash_nar(file).hash.digits(HashFormat::nix32);
}

OptimiseResult optimise_store(LocalStore& store, const std::stop_token& stop) {
  return Optimiser(store, stop).run();
}

}  // namespace grange
