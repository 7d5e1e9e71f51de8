#include "store/unused_links.h"

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/parallel.h"
#include "store/file_removal.h"

namespace grange {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Null where there is none.
Directory open_links(const StoreLocation& location) {
  const auto path = location.real_store / ".links";
  Directory directory(::opendir(path.c_str()), &::closedir);
  if (!directory && errno != ENOENT) throw_errno("opening", path.string());
  return directory;
}

std::vector<std::string> names_in(DIR* directory, std::size_t most) {
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    if (names.size() == most) break;
  }
  return names;
}

}  // namespace

bool has_links(const StoreLocation& location) {
  const Directory directory = open_links(location);
  return directory && !names_in(directory.get(), 1).empty();
}

RemovedLinks remove_unused_links(const StoreLocation& location, const std::stop_token& stop) {
  const Directory directory = open_links(location);
  if (!directory) return {};
  const auto names = names_in(directory.get(), ~std::size_t{0});
  const int fd = ::dirfd(directory.get());
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> bytes{0};
  parallel_for(
      names.size(), removal_threads(),
      [&](std::size_t i) {
        struct stat status {};
        if (stop.stop_requested() ||
            ::fstatat(fd, names[i].c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            status.st_nlink != 1) {
          return;
        }
        fault_point("gc.before-link-removal");
        // Whoever links to it just now keeps the content, only no longer shared.
        if (::unlinkat(fd, names[i].c_str(), 0) != 0) return;
        ++count;
        bytes += static_cast<std::uint64_t>(status.st_size);
      },
      256);
  return {count, bytes};
}

}  // namespace grange
