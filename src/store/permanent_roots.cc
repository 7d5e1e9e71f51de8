#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/gc_roots.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

bool is_gone(int code) {
  return code == ENOENT || code == ENOTDIR;
}

/// Nothing where there is no symlink (any more).
std::optional<std::string> try_read_link(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (!error) return target.string();
  if (is_gone(error.value()) || error.value() == EINVAL) return std::nullopt;
  throw SystemError(error.value(), "reading the link '" + link.string() + "'");
}

class RootFinder {
 public:
  RootFinder(const StoreLocation& location, bool remove_dangling)
      : location_(location),
        auto_roots_(location.state / "gcroots/auto"),
        remove_dangling_(remove_dangling) {}

  void search(const fs::path& top) {
    pending_.push_back(top);  // no recursion: whoever may make roots may nest directories
    while (!pending_.empty()) {
      const fs::path next = std::move(pending_.back());
      pending_.pop_back();
      visit_directory(next);
    }
  }

  std::vector<StoreRoot> take() { return std::move(roots_); }

 private:
  void visit_directory(const fs::path& directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
    if (!stream) {
      if (is_gone(errno)) return;
      throw_errno("looking for roots in", directory.string());
    }
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") visit(directory / name, entry->d_type);
    }
  }

  void visit(const fs::path& path, unsigned char type) {
    if (type == DT_UNKNOWN) {
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0) {
        if (is_gone(errno)) return;
        throw_errno("looking at the root", path.string());
      }
      type = IFTODT(status.st_mode);
    }
    if (type == DT_DIR) {
      pending_.push_back(path);
    } else if (type == DT_LNK) {
      visit_link(path);
    } else if (type == DT_REG) {
      if (auto named = StorePath::try_parse(path.filename().string())) {
        roots_.push_back({std::move(*named), path.string()});
      }
    }
  }

  void visit_link(const fs::path& link) {
    const auto target = try_read_link(link);
    if (!target) return;
    if (auto object = object_at(location_, *target)) {
      roots_.push_back({std::move(*object), link.string()});
      return;
    }
    const fs::path indirect = (link.parent_path() / *target).lexically_normal();
    struct stat status {};
    if (::lstat(indirect.c_str(), &status) != 0) {
      if (!is_gone(errno)) throw_errno("looking at the root", indirect.string());
      if (remove_dangling_ && link.parent_path() == auto_roots_) remove_root(link, indirect);
      return;
    }
    const auto second = try_read_link(indirect);
    if (!second) return;
    if (auto object = object_at(location_, *second)) {
      roots_.push_back({std::move(*object), indirect.string()});
    }
  }

  /// Whoever makes the same root again just now must not lose it: the root is put aside first, and
  /// back where its link has come.
  static void remove_root(const fs::path& root, const fs::path& link) {
    const fs::path aside = root.string() + ".dangling";
    if (::rename(root.c_str(), aside.c_str()) != 0) return;
    struct stat status {};
    if (::lstat(link.c_str(), &status) == 0) {
      ::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, root.c_str(), RENAME_NOREPLACE);
    }
    ::unlink(aside.c_str());
  }

  const StoreLocation& location_;
  const fs::path auto_roots_;
  const bool remove_dangling_;
  std::vector<fs::path> pending_;
  std::vector<StoreRoot> roots_;
};

}  // namespace

std::optional<StorePath> object_at(const StoreLocation& location, std::string_view full) {
  for (const std::string& directory : {location.store_dir.str(), location.real_store.string()}) {
    if (!full.starts_with(directory) || full.substr(directory.size(), 1) != "/") continue;
    const std::string_view inside = full.substr(directory.size() + 1);
    return StorePath::try_parse(inside.substr(0, inside.find('/')));
  }
  return std::nullopt;
}

std::vector<StoreRoot> find_permanent_roots(const StoreLocation& location, bool remove_dangling) {
  RootFinder finder(location, remove_dangling);
  finder.search(location.state / "gcroots");
  finder.search(location.state / "profiles");
  return finder.take();
}

}  // namespace grange
