#include "build/visible_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr unsigned kMaxSymlinks = 40;  // as Linux has it
constexpr std::size_t kMaxLookupPath = 4096;

/// Files of every sandbox that packages have links to.
constexpr std::array<std::string_view, 9> kSandboxFiles = {
    "/dev/full", "/dev/null",  "/dev/random", "/dev/tty",   "/dev/urandom",
    "/dev/zero", "/etc/group", "/etc/hosts",  "/etc/passwd"};

std::string joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const auto& part : parts) path += "/" + part;
  return path.empty() ? "/" : path;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (const auto part : split(path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::string read_link(const std::filesystem::path& path) {
  std::string target(kMaxLookupPath, '\0');
  const auto size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) throw_errno("reading the symlink", path.string());
  target.resize(static_cast<std::size_t>(size));
  return target;
}

}  // namespace

/// One look-up, part by part.
class VisibleFiles::Walk {
 public:
  Walk(const VisibleFiles& files, std::vector<std::string> begin)
      : files_(files), at_(std::move(begin)) {}

  std::optional<File> follow(std::string_view path) {
    prepend(path);
    while (!ahead_.empty()) {
      auto part = std::move(ahead_.back());
      ahead_.pop_back();
      if (!directory_) return std::nullopt;
      if (part == ".") continue;
      if (part == "..") {
        if (!at_.empty()) at_.pop_back();
        continue;
      }
      at_.push_back(std::move(part));
      if (!enter()) return std::nullopt;
    }
    return File{joined(at_), real_path().value_or(""), directory_};
  }

 private:
  void prepend(std::string_view path) {
    auto parts = parts_of(path);
    if (ahead_.size() + parts.size() > kMaxLookupPath) throw InvalidError("a path is too long");
    ahead_.insert(ahead_.end(), std::make_move_iterator(parts.rbegin()),
                  std::make_move_iterator(parts.rend()));
  }

  /// Where it is on disk; nothing unless it is a store object or below one.
  std::optional<std::filesystem::path> real_path() const {
    const auto& store = files_.store_parts_;
    if (at_.size() <= store.size() || !std::equal(store.begin(), store.end(), at_.begin())) {
      return std::nullopt;
    }
    const auto object = StorePath::try_parse(at_[store.size()]);
    if (!object || !files_.visible_.contains(*object)) return std::nullopt;
    auto real = files_.real_store_;
    for (auto i = store.size(); i < at_.size(); ++i) real /= at_[i];
    return real;
  }

  /// Takes a look at the part that was added; false when it is not there.
  bool enter() {
    const auto& store = files_.store_parts_;
    if (at_.size() <= store.size() && std::equal(at_.begin(), at_.end(), store.begin())) {
      return true;  // the store directory, or one that leads to it
    }
    const auto real = real_path();
    if (!real) {
      const auto path = joined(at_);
      directory_ = path == "/dev" || path == "/etc";
      return directory_ ||
             std::find(kSandboxFiles.begin(), kSandboxFiles.end(), path) != kSandboxFiles.end();
    }
    struct stat status {};
    if (::lstat(real->c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return false;
      if (errno == ENAMETOOLONG) throw InvalidError("'" + joined(at_) + "' is too long");
      throw_errno("looking at", real->string());
    }
    if (!S_ISLNK(status.st_mode)) {
      directory_ = S_ISDIR(status.st_mode);
      return true;
    }
    if (++symlinks_ > kMaxSymlinks) {
      throw InvalidError(fmt::format("too many symlinks at '{}'", printable(joined(at_))));
    }
    const auto target = read_link(*real);
    at_.pop_back();
    if (target.starts_with('/')) at_.clear();
    directory_ = true;
    prepend(target);
    return true;
  }

  const VisibleFiles& files_;
  std::vector<std::string> at_;
  std::vector<std::string> ahead_;  ///< the next one last
  bool directory_ = true;
  unsigned symlinks_ = 0;
};

VisibleFiles::VisibleFiles(const StoreLocation& location, const std::set<StorePath>& visible)
    : real_store_(location.real_store),
      store_parts_(parts_of(location.store_dir.str())),
      visible_(visible) {}

std::optional<VisibleFiles::File> VisibleFiles::find(std::string_view path) const {
  if (!path.starts_with('/')) {
    throw InvalidError(fmt::format("'{}' is not an absolute path", printable(path)));
  }
  return Walk(*this, {}).follow(path);
}

std::optional<VisibleFiles::File> VisibleFiles::find_in(const File& directory,
                                                        std::string_view name) const {
  return Walk(*this, parts_of(directory.path)).follow(name);
}

std::vector<std::string> VisibleFiles::names_in(const File& directory) {
  std::vector<std::string> names;
  if (directory.real.empty()) return names;
  std::error_code code;
  for (std::filesystem::directory_iterator at(directory.real, code), end; !code && at != end;
       at.increment(code)) {
    names.push_back(at->path().filename().string());
  }
  if (code) throw SystemError(code.value(), "reading directory '" + directory.real.string() + "'");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace grange
