#include "store/root_sets.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/hash.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDescription = "description";
constexpr std::size_t kLongestPart = 120;

fs::path sets_of(const StoreLocation& location) {
  return location.state / "gcroots/grange";
}

std::string digest_of(std::string_view text) {
  return hash_bytes(HashAlgorithm::sha256, text).digits(HashFormat::nix32);
}

/// What a file name cannot hold, and what has a meaning in ours, is written %XX.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '/' && c != '%' && c != '^') {
      result += c;
    } else {
      result += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  if (result.size() <= kLongestPart) return result;
  return result.substr(0, kLongestPart - 53) + "%-" + digest_of(text).substr(0, 51);
}

std::string prefix_of(std::string_view group) {
  return "=" + escaped(group) + "^";
}

void put_link(const fs::path& link, const std::string& target) {
  std::error_code error;
  if (fs::read_symlink(link, error).string() == target) return;
  const std::string fresh = (link.parent_path() / ".fresh").string();
  ::unlink(fresh.c_str());
  if (::symlink(target.c_str(), fresh.c_str()) != 0) throw_errno("creating symlink", fresh);
  fault_point("roots.before-rename");
  if (::rename(fresh.c_str(), link.c_str()) != 0) throw_errno("replacing", link.string());
}

}  // namespace

RootSet::RootSet(const StoreLocation& location, std::string_view description)
    : store_dir_(location.store_dir),
      description_(description),
      directory_(sets_of(location) / digest_of(description)) {}

void RootSet::update(const GroupedRoots& roots, const std::set<std::string>& kept, bool keep_all) {
  grange::create_directories(directory_);
  // One at a time: a second run of the same may be about it.
  const FileDescriptor lock = open_file(directory_, O_RDONLY | O_DIRECTORY);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno("locking", directory_.string());
  }
  if (::access((directory_ / kDescription).c_str(), F_OK) != 0) {
    write_file(directory_ / kDescription, description_ + "\n");
  }
  fault_point("roots.before-links");
  std::set<std::string> kept_prefixes;
  for (const auto& group : kept) kept_prefixes.insert(prefix_of(group));
  std::set<std::string> written_prefixes;
  std::set<std::string> written;
  for (const auto& [group, paths] : roots) {
    const std::string prefix = prefix_of(group);
    written_prefixes.insert(prefix);
    for (const auto& [name, path] : paths) {
      const std::string file = prefix + escaped(name);
      put_link(directory_ / file, store_dir_.print(path));
      written.insert(file);
    }
  }
  fault_point("roots.before-removal");
  for (const auto& entry : fs::directory_iterator(directory_)) {
    const std::string file = entry.path().filename();
    if (file == kDescription || written.contains(file)) continue;
    const std::string prefix = file.substr(0, file.find('^') + 1);
    const bool other = !written_prefixes.contains(prefix);
    if (other && (keep_all || kept_prefixes.contains(prefix))) continue;
    ::unlink(entry.path().c_str());
  }
  if (::utimensat(AT_FDCWD, directory_.c_str(), nullptr, 0) != 0) {
    throw_errno("noting the use of", directory_.string());
  }
}

std::size_t remove_old_root_sets(const StoreLocation& location, TimePoint before, bool dry_run) {
  std::vector<fs::path> old;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(sets_of(location), error)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
    if (status.st_mtime < to_unix(before)) old.push_back(entry.path());
  }
  if (!dry_run) {
    for (const auto& directory : old) remove_tree(directory);
  }
  return old.size();
}

}  // namespace grange
