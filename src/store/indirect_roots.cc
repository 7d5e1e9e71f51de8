#include "store/indirect_roots.h"

#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/hash.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& directory) {
  return path.string().starts_with(directory.string() + "/");
}

/// Readers see the old link or the new one.
void replace_symlink(const fs::path& target, const fs::path& link) {
  const std::string temporary = link.string() + ".tmp-" + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0) throw_errno("creating symlink", temporary);
  if (::rename(temporary.c_str(), link.c_str()) != 0) {
    const SystemError error(errno, "replacing '" + link.string() + "'");
    ::unlink(temporary.c_str());
    throw error;
  }
}

/// A collector that is running may have seen that the link, which was gone, dangled, and be about
/// to remove its root. A root under another name is safe from that.
fs::path free_name(const fs::path& root) {
  for (unsigned number = 1;; ++number) {
    fs::path name = root.string() + "-" + std::to_string(number);
    std::error_code error;
    if (!fs::exists(fs::symlink_status(name, error))) return name;
  }
}

fs::path place_of_root(const StoreLocation& location, const fs::path& link) {
  fs::path place = (fs::current_path() / link).lexically_normal();
  if (is_below(place, location.store_dir.str()) || is_below(place, location.real_store)) {
    throw InvalidError("a root cannot be in the store itself: '" + place.string() + "'");
  }
  return place;
}

/// `make_link` may make the link itself, while no collector can begin.
template <typename MakeLink>
void root_at(const StoreLocation& location, const fs::path& place, MakeLink&& make_link) {
  const auto roots = location.state / "gcroots/auto";
  grange::create_directories(roots);
  const Hash name = hash_bytes(HashAlgorithm::sha1, place.string());
  const auto root = roots / name.digits(HashFormat::nix32);
  const FileDescriptor lock = open_file(location.state / "gc.lock", O_RDWR | O_CREAT, 0600);
  const bool no_collector = ::flock(lock.get(), LOCK_SH | LOCK_NB) == 0;
  make_link();
  fault_point("roots.before-indirect");
  replace_symlink(place, no_collector ? root : free_name(root));
}

}  // namespace

void make_indirect_root(const StoreLocation& location, const fs::path& link,
                        const StorePath& target) {
  const fs::path place = place_of_root(location, link);
  std::error_code error;
  const auto status = fs::symlink_status(place, error);
  if (fs::exists(status)) {
    if (!fs::is_symlink(status) ||
        !is_below(fs::read_symlink(place, error), location.store_dir.str())) {
      throw ConflictError("'" + place.string() +
                          "' exists and is no symlink into the store; it is left alone");
    }
  }
  root_at(location, place, [&] { replace_symlink(location.store_dir.print(target), place); });
}

void adopt_indirect_root(const StoreLocation& location, const fs::path& link) {
  root_at(location, place_of_root(location, link), [] {});
}

}  // namespace grange
