#include "build/install_outputs.h"

#include <cerrno>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"

namespace grange {
namespace {

void remove_moved(LocalStore& store, const std::vector<CollectedOutput>& outputs) noexcept {
  for (const auto& output : outputs) {
    try {
      // The commit may have gone through before the error came.
      if (store.is_valid(output.info.path)) continue;
      remove_tree(store.real_path(output.info.path));
    } catch (const std::exception&) {  // not registered, so nobody takes it for whole
    }
  }
}

}  // namespace

void move_tree(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  struct stat status {};
  const int code = errno;
  // The ".." of a directory changes with it, which needs write permission.
  if (code != EACCES || ::lstat(from.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw SystemError(code, "moving '" + from.string() + "' to '" + to.string() + "'");
  }
  const mode_t mode = status.st_mode & 07777;
  if (::chmod(from.c_str(), mode | S_IWUSR) != 0) throw_errno("moving", from.string());
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("moving", from.string());
  if (::chmod(to.c_str(), mode) != 0) throw_errno("moving", from.string());
}

void install_outputs(LocalStore& store, const std::vector<CollectedOutput>& outputs) {
  std::vector<PathInfo> infos;
  try {
    fault_point("build.before-move");
    for (const auto& output : outputs) {
      const auto promised = store.real_path(output.info.path);
      if (output.place.location != promised) move_tree(output.place.location, promised);
      fault_point("build.between-moves");
      infos.push_back(output.info);
    }
    fault_point("build.before-register");
    store.register_valid(std::move(infos));
  } catch (...) {
    remove_moved(store, outputs);
    throw;
  }
  fault_point("build.after-register");
}

void install_floating_outputs(LocalStore& store, const std::vector<CollectedOutput>& outputs,
                              AttemptArea& area, const std::stop_token& stop) {
  std::set<StorePath> paths;
  for (const auto& output : outputs) {
    store.add_temporary_root(output.info.path);
    paths.insert(output.info.path);
  }
  auto locks = store.lock(paths, stop);
  locks.remove_files();
  const auto valid = store.valid_among(paths);
  std::vector<CollectedOutput> missing;
  std::vector<StorePath> half_made;
  for (const auto& output : outputs) {
    if (valid.contains(output.info.path)) continue;
    missing.push_back(output);
    half_made.push_back(output.info.path);
  }
  if (missing.empty()) return;
  area.note_outputs(half_made);
  for (const auto& path : half_made) remove_tree(store.real_path(path));
  install_outputs(store, missing);
}

}  // namespace grange
