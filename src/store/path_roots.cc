#include "store/path_roots.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// Makes empty files in a directory, as far as they are not there: as names of one, so long as the
/// file system has room for them.
class EmptyFiles {
 public:
  explicit EmptyFiles(int directory) : directory_(directory) {}

  /// False where it was there.
  bool make(const std::string& name) {
    if (!first_.empty()) {
      if (::linkat(directory_, first_.c_str(), directory_, name.c_str(), 0) == 0) return true;
      if (errno == EEXIST) return false;
      // No more names than so many, none at all on this file system, or the first was removed.
      if (errno != EMLINK && errno != EPERM && errno != ENOTSUP && errno != ENOENT) fail(name);
    }
    const FileDescriptor made(
        ::openat(directory_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
    if (made.get() < 0) {
      if (errno == EEXIST) return false;
      fail(name);
    }
    first_ = name;
    return true;
  }

 private:
  [[noreturn]] static void fail(const std::string& name) { throw_errno("making the root", name); }

  const int directory_;
  std::string first_;
};

std::filesystem::path path_roots_of(const StoreLocation& location, const std::string& group) {
  return location.state / "gcroots/grange-farm" / group;
}

}  // namespace

PathRoots::PathRoots(const StoreLocation& location, const std::string& group,
                     const std::string& set, bool sync)
    : directory_(path_roots_of(location, group) / set), sync_(sync) {}

FileDescriptor PathRoots::open_directory() {
  const int found = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (found >= 0) return FileDescriptor(found);
  if (errno != ENOENT) throw_errno("opening", directory_.string());
  grange::create_directories(directory_);
  return open_file(directory_, O_RDONLY | O_DIRECTORY);
}

void PathRoots::add(const std::set<StorePath>& paths) {
  if (paths.empty()) return;
  const auto directory = open_directory();
  bool made = false;
  EmptyFiles files(directory.get());
  for (const auto& path : paths) made |= files.make(path.base_name());
  if (made && sync_ && ::fsync(directory.get()) != 0) throw_errno("syncing", directory_.string());
}

void PathRoots::remove(const StorePath& path) {
  const auto link = directory_ / path.base_name();
  if (::unlink(link.c_str()) != 0 && errno != ENOENT) throw_errno("removing", link.string());
}

void PathRoots::remove_all() {
  remove_tree(directory_);
}

std::set<StorePath> PathRoots::paths() const {
  std::set<StorePath> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    if (auto path = StorePath::try_parse(entry.path().filename().string())) {
      paths.insert(*std::move(path));
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw SystemError(error.value(), "reading '" + directory_.string() + "'");
  }
  return paths;
}

std::set<std::string> PathRoots::sets(const StoreLocation& location, const std::string& group) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(path_roots_of(location, group), error)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

}  // namespace grange
