#include "build/leftovers.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "build/build_area.h"
#include "store/path_locks.h"

namespace grange {
namespace {

struct DeadArea {
  std::filesystem::path path;
  FileDescriptor lock;
};

/// The areas whose owners are gone, locked so that nobody else cleans them as well.
std::vector<DeadArea> find_dead_areas(const std::filesystem::path& areas) {
  std::vector<DeadArea> dead;
  const FileDescriptor areas_lock(::open(areas.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!areas_lock || ::flock(areas_lock.get(), LOCK_EX) != 0) return dead;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(areas, ignored)) {
    FileDescriptor lock(
        ::open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      dead.push_back({entry.path(), std::move(lock)});
    }
  }
  return dead;
}

bool is_there(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

void remove_half_output(LocalStore& store, const StorePath& output) {
  const auto real = store.real_path(output);
  if (!is_there(real)) return;
  auto locks = store.try_lock({output});
  if (!locks) return;  // somebody is making it again
  locks->remove_files();
  if (!store.is_valid(output)) remove_tree(real);
}

/// The owner's launcher ends what it was running; that takes it a moment.
void wait_for_steps(const DeadArea& area) {
  constexpr std::chrono::seconds kPatience{5};
  const FileDescriptor lock(::open(steps_lock_path(area.path).c_str(), O_RDWR | O_CLOEXEC));
  if (!lock) return;  // killed before it could start any
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw UnavailableError("steps of a killed process still run");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void clean(LocalStore& store, const DeadArea& area) {
  wait_for_steps(area);
  const auto traces = read_journal(area.path);
  for (const auto& output : traces.outputs) remove_half_output(store, output);
  for (const auto& directory : traces.directories) remove_tree(directory);
  remove_free_locks(store);  // it may have had locks that no journal names
  remove_tree(area.path);
}

}  // namespace

void clean_build_leftovers(LocalStore& store) {
  for (const auto& area : find_dead_areas(build_areas(store.location()))) {
    try {
      clean(store, area);
    } catch (const Error&) {
      // Such as steps that do not go: the next start tries again.
    }
  }
}

}  // namespace grange
