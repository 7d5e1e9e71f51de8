#include "build/directory_pool.h"

#include <exception>
#include <utility>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

/// Removes everything in `directory` but what is `kept`, which is emptied. `prefix` is where
/// `directory` is below the pool's own, with a final slash.
void empty(const std::filesystem::path& directory, const std::string& prefix,
           const std::set<std::string>& kept) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto name = prefix + entry.path().filename().string();
    if (kept.contains(name) &&
        entry.symlink_status().type() == std::filesystem::file_type::directory) {
      empty(entry.path(), name + "/", kept);
    } else {
      remove_tree(entry.path());
    }
  }
}

}  // namespace

DirectoryPool::DirectoryPool(std::filesystem::path parent, std::set<std::string> kept)
    : parent_(std::move(parent)), kept_(std::move(kept)) {}

std::filesystem::path DirectoryPool::take() {
  const MutexLock lock(mutex_);
  if (!idle_.empty()) {
    auto directory = std::move(idle_.back());
    idle_.pop_back();
    return directory;
  }
  auto directory = parent_ / std::to_string(++made_);
  if (::mkdir(directory.c_str(), 0700) != 0) throw_errno("creating directory", directory.string());
  return directory;
}

void DirectoryPool::give_back(const std::filesystem::path& directory) noexcept {
  try {
    try {
      empty(directory, "", kept_);
      const MutexLock lock(mutex_);
      idle_.push_back(directory);
    } catch (const std::exception&) {  // for example a directory that its builder made unreadable
      remove_tree(directory);
    }
  } catch (const std::exception&) {  // it goes with its parent
  }
}

}  // namespace grange
