#include "process/descendants.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "process/namespaces.h"

namespace grange {
namespace {

/// The kernel's own list; not every kernel is built with it.
bool read_children_file(std::vector<pid_t>& children) {
  const FileDescriptor file(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while ((count = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const char* end = text.data() + text.size();
  for (const char* next = text.data(); next < end; ++next) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(next, end, pid);
    if (parsed.ec != std::errc()) break;
    children.push_back(pid);
    next = parsed.ptr;
  }
  return count == 0;
}

/// The parent in a /proc/PID/stat; 0 when the process is gone. The program's name before it may
/// contain anything, also parentheses.
pid_t parent_of_process(const std::string& process) {
  const FileDescriptor file(::open(("/proc/" + process + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> buffer{};
  if (!file || ::read(file.get(), buffer.data(), buffer.size() - 1) <= 0) return 0;
  const char* name_end = std::strrchr(buffer.data(), ')');
  int parent = 0;
  if (name_end == nullptr || std::sscanf(name_end, ") %*c %d", &parent) != 1) return 0;
  return parent;
}

void search_children(std::vector<pid_t>& children) {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) throw_errno("opening '/proc'");
  const pid_t self = ::getpid();
  while (const dirent* entry = ::readdir(proc.get())) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid > 0 && parent_of_process(entry->d_name) == self) children.push_back(pid);
  }
}

}  // namespace

std::vector<pid_t> list_children() {
  std::vector<pid_t> children;
  if (!read_children_file(children)) {
    children.clear();
    search_children(children);
  }
  return children;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

void kill_descendants(const std::vector<pid_t>& kept) {
  // Only children of our own are killed, since nobody else can reap those and pass their numbers
  // on to strangers; what they had started becomes ours and is met in the next round.
  for (;;) {
    auto children = list_children();
    std::erase_if(children, [&](pid_t pid) {
      return std::find(kept.begin(), kept.end(), pid) != kept.end();
    });
    // Nobody listed, but somebody there: the list was read while children came and went.
    if (children.empty() && (!kept.empty() || !has_children())) return;
    for (const pid_t pid : children) ::kill(pid, SIGKILL);
    for (const pid_t pid : children) {
      while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
      }
    }
  }
}

void kill_processes_of(uid_t uid) {
  if (uid == ::getuid()) return;
  const pid_t killer = clone_process(0);
  if (killer == 0) {
    // Kills all that this uid may signal, but not itself.
    if (::setresuid(uid, uid, uid) == 0) ::kill(-1, SIGKILL);
    ::_exit(0);
  }
  while (::waitpid(killer, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace grange
