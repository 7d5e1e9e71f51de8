#include "process/namespaces.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

void write_proc_file(const std::string& path, std::string_view text) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) {
    throw_namespace_error("writing '" + std::string(text) + "' to '" + path + "'");
  }
}

/// The number in a setting's file; -1 when there is no such setting.
long read_setting(const char* path) {
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) return -1;
  return std::strtol(text.data(), nullptr, 10);
}

void write_maps(const std::string& process, std::pair<uid_t, gid_t> outside,
                std::pair<uid_t, gid_t> inside) {
  const auto line = [](auto in, auto out) {
    return std::to_string(in) + " " + std::to_string(out) + " 1";
  };
  write_proc_file(process + "/setgroups", "deny");
  write_proc_file(process + "/uid_map", line(inside.first, outside.first));
  write_proc_file(process + "/gid_map", line(inside.second, outside.second));
}

}  // namespace

bool is_privileged() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::geteuid() != 0 || ::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

pid_t clone_process(unsigned long flags) {
  const auto pid = static_cast<pid_t>(::syscall(
      SYS_clone, flags | static_cast<unsigned long>(SIGCHLD), nullptr, nullptr, nullptr, nullptr));
  if (pid < 0 && flags == 0) throw_errno("forking");
  if (pid < 0) throw_namespace_error("making namespaces for a child process");
  return pid;
}

void map_own_ids(std::pair<uid_t, gid_t> outside, std::pair<uid_t, gid_t> inside) {
  write_maps("/proc/self", outside, inside);
}

void map_ids_of(pid_t process, std::pair<uid_t, gid_t> outside, std::pair<uid_t, gid_t> inside) {
  write_maps("/proc/" + std::to_string(process), outside, inside);
}

DeniedError explain_refusal(const SystemError& error) {
  std::string message = "the kernel refuses a namespace: " + error.message();
  const char* separator = ". Settings that forbid it: ";
  const auto blame = [&](std::string_view setting) {
    message += separator;
    message += setting;
    separator = ", ";
  };
  if (read_setting("/proc/sys/user/max_user_namespaces") == 0) {
    blame("user.max_user_namespaces is 0 (allow them: sysctl user.max_user_namespaces=15000)");
  }
  if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
    blame(
        "kernel.unprivileged_userns_clone is 0 (allow them: sysctl "
        "kernel.unprivileged_userns_clone=1)");
  }
  if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
    blame(
        "kernel.apparmor_restrict_unprivileged_userns is 1 (allow them: sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with 'userns' for "
        "grange-launcher)");
  }
  message += ". Other ways out: run grange as root";
  message += ::geteuid() == 0 ? " with CAP_SYS_ADMIN (a container must be given it)" : "";
  message += ", or build with --no-sandbox in the plain /nix/store";
  return DeniedError(message);
}

void throw_namespace_error(std::string_view doing) {
  const SystemError error(errno, doing);
  switch (error.code()) {
    case EPERM:
    case EACCES:
    case EUSERS:
    case EINVAL:
    case ENOSYS:
    case ENOSPC:  // a limit on their number
      throw explain_refusal(error);
    default:
      throw error;
  }
}

void throw_mount_error(std::string_view doing) {
  const SystemError error(errno, doing);
  if (error.code() == EPERM || error.code() == EACCES || error.code() == ENOSYS) {
    throw explain_refusal(error);
  }
  if (error.code() == ENOSPC) {
    throw UnavailableError(std::string(doing) +
                           ": too many mounts (the limit is sysctl fs.mount-max)");
  }
  throw error;
}

}  // namespace grange
