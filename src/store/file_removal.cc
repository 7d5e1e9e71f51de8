#include "store/file_removal.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>

#include "base/error.h"
#include "base/fault.h"
#include "derivation/store_path.h"

namespace grange {
namespace {

/// Names per task: small enough to share among threads, large enough not to be about sharing.
constexpr std::size_t kTask = 64;

constexpr unsigned kFewestThreads = 16;
/// They take turns in the store directory, and each may hold a descriptor per level of a tree.
constexpr unsigned kMostThreads = 24;

}  // namespace

unsigned removal_threads() noexcept {
  return std::clamp(processor_count(), kFewestThreads, kMostThreads);
}

std::string digest_of_name(const std::string& name) {
  return StorePath::try_parse(name) ? name.substr(0, StorePath::kHashLength) : std::string();
}

FileRemoval::FileRemoval(const std::filesystem::path& directory, DeletionGate& gate,
                         unsigned threads)
    : shown_(directory.string()),
      directory_(open_file(directory, O_RDONLY | O_DIRECTORY)),
      gate_(gate),
      pool_(threads) {}

FileRemoval::~FileRemoval() {
  wait_until_left(0);
}

void FileRemoval::post(std::vector<std::string> names) {
  {
    const MutexLock lock(mutex_);
    left_ += names.size();
  }
  for (std::size_t begin = 0; begin < names.size(); begin += kTask) {
    const auto first = names.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last =
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), begin + kTask));
    pool_.post([this, some = std::vector(std::make_move_iterator(first),
                                         std::make_move_iterator(last))] { remove(some); });
  }
}

void FileRemoval::wait_until_left(std::size_t names) {
  const MutexLock lock(mutex_);
  while (left_ > names) done_.wait(mutex_);
}

void FileRemoval::give_up() {
  const MutexLock lock(mutex_);
  given_up_ = true;
}

RemovedBytes FileRemoval::bytes() {
  const MutexLock lock(mutex_);
  return bytes_;
}

std::vector<std::string> FileRemoval::problems() {
  const MutexLock lock(mutex_);
  return problems_;
}

RemovedBytes FileRemoval::remove_one(const std::string& name, std::string& problem) noexcept {
  try {
    fault_point("gc.before-remove");
    return remove_tree_at(directory_.get(), name, shown_ + "/" + name);
  } catch (const std::exception& error) {
    problem = error.what();
    return {};
  }
}

void FileRemoval::remove(const std::vector<std::string>& names) noexcept {
  for (const std::string& name : names) {
    bool skip = false;
    {
      const MutexLock lock(mutex_);
      skip = given_up_;
    }
    std::string problem;
    const RemovedBytes bytes = skip ? RemovedBytes{} : remove_one(name, problem);
    gate_.end(digest_of_name(name));
    const MutexLock lock(mutex_);
    bytes_.freed += bytes.freed;
    bytes_.linked += bytes.linked;
    if (!problem.empty()) problems_.push_back(std::move(problem));
    --left_;
  }
  done_.notify_all();
}

}  // namespace grange
