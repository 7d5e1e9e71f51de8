#include "command/derivation_directory.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "derivation/aterm_reader.h"

namespace grange {

struct DerivationDirectory::Handle {
  FileDescriptor fd;
  std::filesystem::path path;

  bool read(const std::string& name, std::string& text) const;
};

namespace {

/// How many files that name a store directory are asked.
constexpr std::size_t kAsked = 7;

}  // namespace

bool DerivationDirectory::Handle::read(const std::string& name, std::string& text) const {
  const FileDescriptor file(::openat(fd.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT) return false;
    throw_errno("opening", (path / name).string());
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("looking at", (path / name).string());
  if (!S_ISREG(status.st_mode)) {
    throw InvalidError("'" + (path / name).string() + "' is not a regular file");
  }
  if (static_cast<std::uint64_t>(status.st_size) > kMaxDerivationSize) {
    throw InvalidError("'" + (path / name).string() + "' is too large for a derivation");
  }
  text.resize(static_cast<std::size_t>(status.st_size));
  std::size_t used = 0;
  while (used < text.size()) {
    const auto count = ::read(file.get(), text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("reading", (path / name).string());
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  text.resize(used);
  return true;
}

DerivationDirectory::DerivationDirectory(const std::filesystem::path& path)
    : handle_(
          std::make_shared<const Handle>(Handle{open_file(path, O_RDONLY | O_DIRECTORY), path})) {}

DerivationReader DerivationDirectory::reader() const {
  return [handle = handle_](const StorePath& path, std::string& text) {
    return handle->read(path.base_name(), text);
  };
}

std::optional<std::string> DerivationDirectory::read(const std::string& file_name) const {
  std::string text;
  if (!handle_->read(file_name, text)) return std::nullopt;
  return text;
}

std::vector<std::string> DerivationDirectory::file_names() const {
  const int fd = ::openat(handle_->fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_errno("opening", handle_->path.string());
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".drv")) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

StoreDir DerivationDirectory::detect_store_dir(const std::vector<std::string>& file_names) const {
  std::map<std::string, std::size_t> votes;
  std::size_t asked = 0;
  std::string text;
  for (const auto& name : file_names) {
    if (asked == kAsked) break;
    if (!handle_->read(name, text)) continue;
    const auto named = grange::detect_store_dir(text);
    if (!named) continue;
    ++votes[named->str()];
    ++asked;
  }
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? StoreDir::nix() : StoreDir::parse(most->first);
}

}  // namespace grange
