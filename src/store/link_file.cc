#include "store/link_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

bool is_limit(int code) {
  return code == EMLINK || code == ENOSPC || code == EDQUOT;
}

std::size_t read_block(int fd, char* data, std::size_t size, const fs::path& shown) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(fd, data + filled, size - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("reading", shown.string());
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

bool have_equal_bytes(const fs::path& left, const fs::path& right) {
  const FileDescriptor one = open_file(left, O_RDONLY | O_NOFOLLOW);
  const FileDescriptor two = open_file(right, O_RDONLY | O_NOFOLLOW);
  constexpr std::size_t kLinkBlock = std::size_t{64} << 10;
  std::array<char, kLinkBlock> a;
  std::array<char, kLinkBlock> b;
  for (;;) {
    const std::size_t size = read_block(one.get(), a.data(), kLinkBlock, left);
    if (read_block(two.get(), b.data(), kLinkBlock, right) != size) return false;
    if (std::memcmp(a.data(), b.data(), size) != 0) return false;
    if (size < kLinkBlock) return true;
  }
}

/// A directory of the store that may be changed for a moment; then it is as it was.
class OpenedDirectory {
 public:
  explicit OpenedDirectory(const fs::path& directory) : directory_(directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) throw_errno("looking at", directory.string());
    mode_ = status.st_mode & 07777 & ~mode_t{0222};
    if (::chmod(directory.c_str(), mode_ | S_IWUSR) != 0) {
      throw_errno("opening", directory.string());
    }
  }
  ~OpenedDirectory() {
    const std::array<timespec, 2> times{{{0, UTIME_OMIT}, {1, 0}}};
    ::utimensat(AT_FDCWD, directory_.c_str(), times.data(), 0);
    ::chmod(directory_.c_str(), mode_);
  }
  OpenedDirectory(const OpenedDirectory&) = delete;
  OpenedDirectory& operator=(const OpenedDirectory&) = delete;

 private:
  const fs::path directory_;
  mode_t mode_ = 0;
};

}  // namespace

LinkFile::LinkFile(const StoreLocation& location)
    : store_(location.real_store), links_(location.real_store / ".links"), staging_(location) {
  grange::create_directories(links_);
}

bool LinkFile::share(const fs::path& file, const std::string& digest) {
  const fs::path link = links_ / digest;
  constexpr int kRounds = 10;  // a collector may remove the link between two looks
  for (int round = 0; round < kRounds; ++round) {
    fault_point("store.optimise.before-link");
    if (::link(file.c_str(), link.c_str()) == 0) return false;
    if (is_limit(errno)) return false;
    if (errno != EEXIST) throw_errno("linking", file.string());
    struct stat ours {};
    struct stat shared {};
    if (::lstat(file.c_str(), &ours) != 0) throw_errno("looking at", file.string());
    if (::lstat(link.c_str(), &shared) != 0) {
      if (errno == ENOENT) continue;
      throw_errno("looking at", link.string());
    }
    if (ours.st_ino == shared.st_ino) return false;
    try {
      if (ours.st_size == shared.st_size && ours.st_mode == shared.st_mode &&
          have_equal_bytes(file, link)) {
        return replace(file, link);
      }
    } catch (const NotFoundError&) {
      continue;
    }
    // Not what its name says: it was damaged. Whoever shares it keeps what he has.
    if (::unlink(link.c_str()) != 0 && errno != ENOENT) throw_errno("removing", link.string());
  }
  return false;
}

bool LinkFile::replace(const fs::path& file, const fs::path& link) {
  const fs::path fresh = staging_.fresh_name();
  if (::link(link.c_str(), fresh.c_str()) != 0) {
    if (is_limit(errno)) return false;
    if (errno == ENOENT) throw NotFoundError("the link is gone");
    throw_errno("linking", link.string());
  }
  try {
    rename_over(fresh, file);
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  return true;
}

void LinkFile::rename_over(const fs::path& from, const fs::path& file) {
  const fs::path directory = file.parent_path();
  const MutexLock lock(mutex_);
  std::optional<OpenedDirectory> opened;
  if (directory != store_) opened.emplace(directory);
  fault_point("store.optimise.before-rename");
  if (::rename(from.c_str(), file.c_str()) != 0) throw_errno("replacing", file.string());
  fault_point("store.optimise.after-rename");
}

}  // namespace grange
