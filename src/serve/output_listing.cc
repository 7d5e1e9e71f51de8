#include "serve/output_listing.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "serve/output_file.h"

namespace grange {
namespace {

constexpr std::size_t kLongestTarget = 4096;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// At most `most` names, sorted; `cut` where it has more.
std::vector<std::string> names_in(int directory, std::size_t most, bool& cut) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) throw_errno("reading a directory of an output");
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(copy));
  if (!stream) {
    ::close(copy);
    throw_errno("reading a directory of an output");
  }
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == most) {
      cut = true;
      break;
    }
    names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Nothing of what has gone meanwhile but its name.
ListedEntry look_at(int directory, const std::string& name) {
  ListedEntry entry;
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return entry;
  if (S_ISDIR(status.st_mode)) entry.type = ListedEntry::Type::directory;
  if (S_ISREG(status.st_mode)) {
    entry.type = ListedEntry::Type::regular;
    entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.executable = (status.st_mode & S_IXUSR) != 0;
  }
  if (S_ISLNK(status.st_mode)) {
    entry.type = ListedEntry::Type::symlink;
    std::string target(kLongestTarget, '\0');
    const auto length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    entry.target = target.substr(0, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  }
  return entry;
}

/// A directory whose entries are told, with those of its directories that are.
struct Node {
  ListedEntry entry;
  std::vector<Node> children;
};

void append(std::vector<ListedEntry>& to, Node& node) {
  for (auto& child : node.children) {
    to.push_back(std::move(child.entry));
    append(to, child);
  }
}

}  // namespace

std::string_view to_string(ListedEntry::Type type) noexcept {
  switch (type) {
    case ListedEntry::Type::directory:
      return "directory";
    case ListedEntry::Type::regular:
      return "regular";
    case ListedEntry::Type::symlink:
      return "symlink";
    case ListedEntry::Type::other:
      break;
  }
  return "other";
}

OutputListing list_output(const std::filesystem::path& output, std::string_view relative,
                          std::size_t most, std::size_t deepest) {
  struct Task {
    Node* node;
    FileDescriptor directory;
  };
  OutputListing listing;
  Node top;
  std::deque<Task> tasks;
  tasks.push_back({&top, open_output_directory(output, relative)});
  std::size_t room = most;
  while (!tasks.empty()) {
    const auto task = std::move(tasks.front());
    tasks.pop_front();
    const auto depth = task.node == &top ? 0 : task.node->entry.depth + 1;
    bool cut = false;
    const auto names = names_in(task.directory.get(), room, cut);
    if (cut && task.node != &top) continue;  // it stays closed
    if (cut) listing.cut = true;
    task.node->entry.is_listed = true;
    task.node->entry.entries = names.size();
    room -= names.size();
    task.node->children.reserve(names.size());  // tasks point into it
    for (const auto& name : names) {
      auto& child = task.node->children.emplace_back();
      child.entry = look_at(task.directory.get(), name);
      child.entry.depth = depth;
      child.entry.path = task.node == &top ? name : task.node->entry.path + "/" + name;
      if (child.entry.type != ListedEntry::Type::directory || depth >= deepest || room == 0) {
        continue;
      }
      constexpr std::size_t kOpenAtOnce = 100;
      if (tasks.size() >= kOpenAtOnce) continue;
      FileDescriptor below(::openat(task.directory.get(), name.c_str(),
                                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below) tasks.push_back({&child, std::move(below)});
    }
  }
  append(listing.entries, top);
  return listing;
}

}  // namespace grange
