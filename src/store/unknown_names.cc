#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/collection.h"

namespace grange {
namespace {

/// nix makes links under such names in the store directory and renames them at once.
constexpr std::string_view kNixLink = ".tmp-link";
constexpr std::int64_t kLinkSeconds = 3600;

bool is_fresh_link(const StoreLocation& location, const std::string& name) {
  struct stat status {};
  if (!name.starts_with(kNixLink)) return false;
  if (::lstat((location.real_store / name).c_str(), &status) != 0) return true;
  return to_unix(SystemClock().now()) - status.st_ctime < kLinkSeconds;
}

}  // namespace

std::vector<std::string> list_unknown_names(const StoreLocation& location,
                                            const LivenessGraph& graph) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(location.real_store.c_str()),
                                                      &::closedir);
  if (!directory) throw_errno("opening", location.real_store.string());
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || name == ".links") continue;
    const auto path = StorePath::try_parse(name);
    if (!path || graph.find(*path) == LivenessGraph::kNone) names.emplace_back(name);
  }
  return names;
}

bool is_busy_name(const StoreLocation& location, const std::string& name) {
  if (is_fresh_link(location, name)) return true;
  const bool path = StorePath::try_parse(name).has_value();
  if (path && !name.ends_with(".lock")) return false;
  const FileDescriptor file(
      ::open((location.real_store / name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return false;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  return false;
}

}  // namespace grange
