#include "store/profile_generations.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

struct Generation {
  std::uint64_t number;
  fs::path link;
  std::int64_t created;  ///< seconds since 1970
};

/// The number in PROFILE-NUMBER-link.
std::optional<std::uint64_t> generation_number(std::string_view profile, std::string_view name) {
  if (!name.starts_with(profile)) return std::nullopt;
  name.remove_prefix(profile.size());
  if (!name.starts_with("-") || !name.ends_with("-link")) return std::nullopt;
  name.remove_prefix(1);
  name.remove_suffix(std::min(name.size(), std::string_view("-link").size()));
  return parse_number(name);
}

std::vector<Generation> find_generations(const fs::path& profile) {
  std::vector<Generation> generations;
  for (const auto& entry : fs::directory_iterator(profile.parent_path())) {
    const auto number =
        generation_number(profile.filename().string(), entry.path().filename().string());
    struct stat status {};
    if (!number || ::lstat(entry.path().c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) {
      continue;
    }
    generations.push_back({*number, entry.path(), status.st_mtime});
  }
  std::sort(generations.begin(), generations.end(),
            [](const auto& left, const auto& right) { return left.number > right.number; });
  return generations;
}

/// What changes a profile holds this lock, nix and we alike.
FileDescriptor lock_profile(const fs::path& profile) {
  FileDescriptor lock = open_file(profile.string() + ".lock", O_RDWR | O_CREAT, 0600);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno("locking the profile", profile.string());
  }
  return lock;
}

void remove_from(const fs::path& profile, TimePoint before, bool dry_run,
                 std::vector<fs::path>& removed) {
  const FileDescriptor lock = dry_run ? FileDescriptor() : lock_profile(profile);
  std::error_code error;
  const auto current = generation_number(profile.filename().string(),
                                         fs::read_symlink(profile, error).filename().string());
  if (error || !current) return;
  bool found_then_current = false;
  for (const auto& generation : find_generations(profile)) {
    if (!std::exchange(found_then_current,
                       found_then_current || generation.created < to_unix(before))) {
      continue;
    }
    if (generation.number == *current) continue;
    removed.push_back(generation.link);
    if (dry_run) continue;
    fault_point("gc.before-generation");
    if (::unlink(generation.link.c_str()) != 0 && errno != ENOENT) {
      throw_errno("removing", generation.link.string());
    }
  }
}

}  // namespace

std::vector<fs::path> remove_old_generations(const StoreLocation& location, TimePoint before,
                                             bool dry_run) {
  std::vector<fs::path> removed;
  std::vector<fs::path> pending{location.state / "profiles"};
  while (!pending.empty()) {
    const fs::path directory = std::move(pending.back());
    pending.pop_back();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      const auto status = entry.symlink_status();
      if (fs::is_directory(status)) pending.push_back(entry.path());
      if (!fs::is_symlink(status)) continue;
      // A profile is the link to its current generation, which lies beside it.
      const auto target = fs::read_symlink(entry.path(), error);
      if (!error &&
          generation_number(entry.path().filename().string(), target.filename().string())) {
        remove_from(entry.path(), before, dry_run, removed);
      }
    }
  }
  return removed;
}

}  // namespace grange
