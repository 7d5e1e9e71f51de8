#include "archive/tree_difference.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/nar_format.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kShownName = 160;     ///< bytes
constexpr std::uint64_t kPlacePrice = 256;  ///< of an allowance: what looking at one place takes

/// One of the two trees, at one place.
struct Place {
  int parent;
  const char* name;
};

[[noreturn]] void fail(std::string_view verb, const std::string& shown) {
  if (errno == ENOENT) throw NotFoundError("file '" + shown + "' does not exist");
  throw_errno(verb, shown);
}

TreeNode look(const Place& place, const std::string& shown) {
  struct stat status {};
  if (::fstatat(place.parent, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    fail("looking at", shown);
  }
  TreeNode node;
  if (S_ISDIR(status.st_mode)) {
    node.type = TreeNode::Type::directory;
  } else if (S_ISREG(status.st_mode)) {
    node.type = TreeNode::Type::file;
    node.executable = (status.st_mode & S_IXUSR) != 0;
    node.size = static_cast<std::uint64_t>(status.st_size);
  } else if (S_ISLNK(status.st_mode)) {
    node.type = TreeNode::Type::symlink;
    std::array<char, kNarMaxTarget + 1> target{};
    const auto count = ::readlinkat(place.parent, place.name, target.data(), target.size());
    if (count < 0) fail("reading the symlink", shown);
    node.target.assign(target.data(), static_cast<std::size_t>(count));
  }
  return node;
}

FileDescriptor open_at(const Place& place, int flags, const std::string& shown) {
  FileDescriptor fd(
      ::openat(place.parent, place.name, flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd) fail("opening", shown);
  return fd;
}

std::vector<std::string> names_in(const FileDescriptor& directory, const std::string& shown) {
  const int copy = ::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw_errno("opening", shown);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
  if (!stream) {
    ::close(copy);
    throw_errno("listing", shown);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw_errno("listing", shown);
  std::sort(names.begin(), names.end());
  return names;
}

/// Up to `size` bytes; less only at the end of the file.
std::size_t read_piece(int fd, char* buffer, std::size_t size, const std::string& shown) {
  std::size_t have = 0;
  while (have < size) {
    const auto count = ::read(fd, buffer + have, size - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("reading", shown);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  return have;
}

class Comparer {
 public:
  Comparer(std::string first, std::string second, std::size_t limit, const std::stop_token& stop,
           std::uint64_t* allowance)
      : roots_{std::move(first), std::move(second)},
        limit_(limit),
        stop_(stop),
        allowance_(allowance) {}

  TreeDifferences compare() {
    node({AT_FDCWD, roots_[0].c_str()}, {AT_FDCWD, roots_[1].c_str()}, 0);
    return std::move(differences_);
  }

 private:
  std::string shown(std::size_t tree) const {
    return path_.empty() ? roots_[tree] : roots_[tree] + "/" + path_;
  }

  void node(const Place& first, const Place& second, std::size_t depth) {
    if (stop_.stop_requested()) throw CancelledError("stopped while comparing file trees");
    if (depth >= kNarMaxDepth) {
      throw InvalidError("'" + shown(0) + "' lies deeper than the " + std::to_string(kNarMaxDepth) +
                         " levels that a NAR may have");
    }
    take_off(kPlacePrice);
    const auto one = look(first, shown(0));
    const auto other = look(second, shown(1));
    if (one.type == TreeNode::Type::directory && other.type == one.type) {
      directories(first, second, depth);
      return;
    }
    std::optional<std::uint64_t> offset;
    if (one.type == TreeNode::Type::file && other.type == one.type) offset = files(first, second);
    if (offset || one != other) add({path_, one, other, offset});
  }

  void directories(const Place& first, const Place& second, std::size_t depth) {
    const auto one = open_at(first, O_DIRECTORY, shown(0));
    const auto other = open_at(second, O_DIRECTORY, shown(1));
    const auto in_one = names_in(one, shown(0));
    const auto in_other = names_in(other, shown(1));
    const auto length = path_.size();
    for (auto a = in_one.begin(), b = in_other.begin(); a != in_one.end() || b != in_other.end();) {
      if (full() || is_spent()) {
        differences_.more = true;
        return;
      }
      const bool only_one = b == in_other.end() || (a != in_one.end() && *a < *b);
      const bool only_other = a == in_one.end() || (b != in_other.end() && *b < *a);
      const std::string& name = only_other ? *b : *a;
      if (!path_.empty()) path_ += '/';
      path_ += name;
      if (only_one || only_other) take_off(kPlacePrice);
      if (only_one) {
        add({path_, look({one.get(), name.c_str()}, shown(0)), std::nullopt, std::nullopt});
      } else if (only_other) {
        add({path_, std::nullopt, look({other.get(), name.c_str()}, shown(1)), std::nullopt});
      } else {
        node({one.get(), name.c_str()}, {other.get(), name.c_str()}, depth + 1);
      }
      path_.resize(length);
      if (!only_other) ++a;
      if (!only_one) ++b;
    }
  }

  /// Where their contents begin to differ; the end of one counts.
  std::optional<std::uint64_t> files(const Place& first, const Place& second) {
    const auto one = open_at(first, 0, shown(0));
    const auto other = open_at(second, 0, shown(1));
    pieces_[0].resize(kPiece);
    pieces_[1].resize(kPiece);
    for (std::uint64_t offset = 0;;) {
      if (stop_.stop_requested()) throw CancelledError("stopped while comparing file trees");
      if (is_spent()) {
        differences_.more = true;
        return std::nullopt;
      }
      const auto a = read_piece(one.get(), pieces_[0].data(), kPiece, shown(0));
      const auto b = read_piece(other.get(), pieces_[1].data(), kPiece, shown(1));
      take_off(a + b);
      const auto common = static_cast<std::ptrdiff_t>(std::min(a, b));
      const auto at =
          std::mismatch(pieces_[0].begin(), pieces_[0].begin() + common, pieces_[1].begin()).first;
      offset += static_cast<std::uint64_t>(at - pieces_[0].begin());
      if (at != pieces_[0].begin() + common || a != b) return offset;
      if (a < kPiece) return std::nullopt;
    }
  }

  bool is_spent() const { return allowance_ != nullptr && *allowance_ == 0; }
  void take_off(std::uint64_t bytes) {
    if (allowance_ != nullptr) *allowance_ -= std::min(*allowance_, bytes);
  }

  bool full() const { return differences_.found.size() >= limit_; }

  void add(TreeDifference difference) {
    if (full()) {
      differences_.more = true;
    } else {
      differences_.found.push_back(std::move(difference));
    }
  }

  std::array<std::string, 2> roots_;
  std::size_t limit_;
  const std::stop_token& stop_;
  std::uint64_t* allowance_;
  std::string path_;
  std::array<std::vector<char>, 2> pieces_;
  TreeDifferences differences_;
};

/// Printable, and on one line.
std::string escaped(std::string_view text) {
  return replace_all(printable(text), "\n", "\\n");
}

std::string description(const TreeNode& node) {
  switch (node.type) {
    case TreeNode::Type::directory:
      return "directory";
    case TreeNode::Type::file:
      return fmt::format("{}file of {}", node.executable ? "executable " : "",
                         plural(node.size, "byte"));
    case TreeNode::Type::symlink:
      return "symlink to '" + shown_tree_path(node.target) + "'";
    case TreeNode::Type::other:
      break;
  }
  return "something else";
}

std::string change(const TreeNode& first, const TreeNode& second,
                   const std::optional<std::uint64_t>& offset) {
  const auto one = description(first);
  const auto other = description(second);
  std::string text = one == other ? one : one + ", then " + other;
  if (offset) text += fmt::format("; they differ from offset {}", *offset);
  return text;
}

}  // namespace

TreeDifferences find_tree_differences(const std::filesystem::path& first,
                                      const std::filesystem::path& second, std::size_t limit,
                                      const std::stop_token& stop, std::uint64_t* allowance) {
  return Comparer(first.string(), second.string(), limit, stop, allowance).compare();
}

std::string print_tree_differences(const TreeDifferences& differences) {
  std::string text;
  for (const auto& one : differences.found) {
    const std::string name = one.path.empty() ? "." : shown_tree_path(one.path);
    if (!one.second) {
      text += fmt::format("  - {} ({})\n", name, description(*one.first));
    } else if (!one.first) {
      text += fmt::format("  + {} ({})\n", name, description(*one.second));
    } else {
      text += fmt::format("  ! {} ({})\n", name, change(*one.first, *one.second, one.offset));
    }
  }
  if (differences.more) text += "  … and perhaps more\n";
  return text;
}

std::string shown_tree_path(std::string_view path) {
  if (path.size() <= kShownName) return escaped(path);
  return escaped(path.substr(0, kShownName / 2)) + "…" +
         escaped(path.substr(path.size() - kShownName / 2));
}

}  // namespace grange
