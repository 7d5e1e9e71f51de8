#include "process/memory_group.h"

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGroupPrefix = "grange-memory-";
constexpr std::uint64_t kLongestKernelFile = 1 << 20;

std::string kernel_file(const fs::path& file) {
  return try_read_file(file, kLongestKernelFile).value_or("");
}

/// The kernel's files take one write, and are never made.
bool tell_kernel(const fs::path& file, std::string_view text) {
  const FileDescriptor descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!descriptor) return false;
  return ::write(descriptor.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool has_word(std::string_view text, std::string_view word) {
  for (const auto found : split_words(text)) {
    if (found == word) return true;
  }
  return false;
}

/// The path of this process's group in a hierarchy: v2 has number 0 and no controllers.
std::optional<std::string> own_group(bool is_v2) {
  const auto text = kernel_file("/proc/self/cgroup");
  for (const auto line : split(text, '\n')) {
    const auto first = line.find(':');
    if (first == line.npos) continue;
    const auto second = line.find(':', first + 1);
    if (second == line.npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    bool fits = is_v2 && line.substr(0, first) == "0" && controllers.empty();
    for (const auto controller : split(controllers, ',')) {
      fits = fits || (!is_v2 && controller == "memory");
    }
    if (fits) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

/// Where that group lies in the file system; see proc_pid_mountinfo(5).
std::optional<fs::path> own_directory(bool is_v2) {
  const auto group = own_group(is_v2);
  if (!group) return std::nullopt;
  const auto text = kernel_file("/proc/self/mountinfo");
  for (const auto line : split(text, '\n')) {
    const auto dash = line.find(" - ");
    if (dash == line.npos) continue;
    const auto left = split_words(line.substr(0, dash));
    const auto right = split_words(line.substr(dash + 3));
    if (left.size() < 5 || right.size() < 3) continue;
    const bool fits =
        is_v2 ? right[0] == "cgroup2"
              : right[0] == "cgroup" &&
                    (("," + std::string(right[2]) + ",").find(",memory,") != std::string::npos);
    if (!fits) continue;
    const std::string root(left[3] == "/" ? "" : left[3]);
    if (!group->starts_with(root)) continue;
    fs::path directory(left[4]);
    directory += group->substr(root.size());
    std::error_code error;
    if (fs::is_directory(directory, error)) return directory;
  }
  return std::nullopt;
}

/// systemd marks what it has handed over.
bool is_delegated(const fs::path& directory) {
  char value[8] = {};
  for (const auto* name : {"trusted.delegate", "user.delegate"}) {
    if (::getxattr(directory.c_str(), name, value, sizeof value - 1) > 0 && value[0] == '1') {
      return true;
    }
  }
  return false;
}

/// Processes may not be in a group whose children have controllers: ours goes into a child.
bool divide(const fs::path& directory) {
  if (has_word(kernel_file(directory / "cgroup.subtree_control"), "memory")) return true;
  if (!is_delegated(directory) ||
      !has_word(kernel_file(directory / "cgroup.controllers"), "memory")) {
    return false;
  }
  const auto child = directory / "grange-main";
  if (::mkdir(child.c_str(), 0755) != 0 && errno != EEXIST) return false;
  const auto processes = kernel_file(directory / "cgroup.procs");
  for (const auto process : split_words(processes)) {
    if (!tell_kernel(child / "cgroup.procs", process)) return false;
  }
  return tell_kernel(directory / "cgroup.subtree_control", "+memory");
}

/// The directory in which groups are made, and whether it is one of v2.
struct GroupParent {
  fs::path directory;
  bool is_v2 = false;
};

std::optional<GroupParent> find_parent() {
  if (auto directory = own_directory(true)) {
    if (directory->filename() == "grange-main") directory = directory->parent_path();
    if (::access(directory->c_str(), W_OK) == 0 && divide(*directory)) {
      return GroupParent{*directory, true};
    }
  }
  if (const auto directory = own_directory(false)) {
    if (::access(directory->c_str(), W_OK) == 0) return GroupParent{*directory, false};
  }
  return std::nullopt;
}

/// Those of processes that are no more. One that is in use is not removed: it is not empty.
void remove_leftovers(const fs::path& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(kGroupPrefix)) continue;
    const auto rest = name.substr(kGroupPrefix.size());
    const auto process = parse_number(rest.substr(0, rest.find('-')));
    if (process && ::kill(static_cast<pid_t>(*process), 0) != 0 && errno == ESRCH) {
      ::rmdir(entry.path().c_str());
    }
  }
}

bool limit_group(const fs::path& directory, bool is_v2, std::uint64_t bytes) {
  const auto text = std::to_string(bytes);
  if (is_v2) {
    tell_kernel(directory / "memory.swap.max", "0");  // where swap is accounted for
    return tell_kernel(directory / "memory.max", text);
  }
  if (!tell_kernel(directory / "memory.limit_in_bytes", text)) return false;
  tell_kernel(directory / "memory.memsw.limit_in_bytes", text);
  return true;
}

}  // namespace

std::optional<MemoryGroup> MemoryGroup::create(std::uint64_t bytes) {
  const auto parent = find_parent();
  if (!parent) return std::nullopt;
  remove_leftovers(parent->directory);
  auto directory =
      (parent->directory / fmt::format("{}{}-XXXXXX", kGroupPrefix, ::getpid())).string();
  if (::mkdtemp(directory.data()) == nullptr) return std::nullopt;
  MemoryGroup group(directory, parent->is_v2);
  if (!limit_group(directory, parent->is_v2, bytes)) return std::nullopt;
  return group;
}

MemoryGroup::MemoryGroup(fs::path directory, bool is_v2)
    : directory_(std::move(directory)), is_v2_(is_v2) {}

MemoryGroup::MemoryGroup(MemoryGroup&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), is_v2_(other.is_v2_) {}

MemoryGroup::~MemoryGroup() {
  if (!directory_.empty()) ::rmdir(directory_.c_str());
}

bool MemoryGroup::add(pid_t process) const {
  return tell_kernel(directory_ / "cgroup.procs", std::to_string(process));
}

bool MemoryGroup::exceeded() const {
  const auto text = kernel_file(directory_ / (is_v2_ ? "memory.events" : "memory.oom_control"));
  const auto words = split_words(text);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "oom_kill") return words[i + 1] != "0";
  }
  return false;
}

}  // namespace grange
