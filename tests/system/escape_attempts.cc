// One attempt to reach out of a build, chosen by name: exit code 0 when it came through, 1 when it
// was prevented, 2 when it cannot be tried. src/process/escape_test.cc runs each one inside a
// sandbox and outside. Stands alone, so that a sandbox needs to show nothing else.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

constexpr int kUnavailable = 2;
using Arguments = std::vector<std::string>;

int result(bool came_through) {
  std::printf("%s: %s\n", came_through ? "came through" : "prevented", std::strerror(errno));
  return came_through ? 0 : 1;
}

pid_t number(const std::string& text) {
  return static_cast<pid_t>(std::atoi(text.c_str()));
}

int read_file(const Arguments& a) {
  const int fd = ::open(a.at(0).c_str(), O_RDONLY);
  char byte = 0;
  return result(fd >= 0 && ::read(fd, &byte, 1) == 1);
}

int write_file(const Arguments& a) {
  const int fd = ::open(a.at(0).c_str(), O_WRONLY | O_CREAT, 0666);
  return result(fd >= 0 && ::write(fd, "x", 1) == 1);
}

int open_for_writing(const Arguments& a) {
  return result(::open(a.at(0).c_str(), O_WRONLY) >= 0);
}

int see_process(const Arguments& a) {
  if (::access(("/proc/" + a.at(0)).c_str(), F_OK) == 0) return result(true);
  return result(::kill(number(a.at(0)), 0) == 0 || errno == EPERM);
}

int signal_process(const Arguments& a) {
  return result(::kill(number(a.at(0)), SIGUSR1) == 0);
}

int trace_process(const Arguments& a) {
  const pid_t pid = number(a.at(0));
  if (::ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) != 0) return result(false);
  int status = 0;
  ::waitpid(pid, &status, __WALL);
  ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return result(true);
}

/// Every process that can be seen, above all number 1: its root directory, environment, memory and
/// descriptors.
int look_into_process(const Arguments& a) {
  const std::string process = "/proc/" + a.at(0);
  const std::string secret = a.at(1);
  if (::access((process + "/root" + secret).c_str(), F_OK) == 0) return result(true);
  char text[65536];
  const int environment = ::open((process + "/environ").c_str(), O_RDONLY);
  const auto size = environment >= 0 ? ::read(environment, text, sizeof(text)) : -1;
  if (size > 0 && ::memmem(text, static_cast<std::size_t>(size), "GRANGE_SECRET", 13) != nullptr) {
    return result(true);
  }
  if (::open((process + "/mem").c_str(), O_RDWR) >= 0) return result(true);
  DIR* descriptors = ::opendir((process + "/fd").c_str());
  return result(descriptors != nullptr && ::readdir(descriptors) != nullptr);
}

int connect_tcp(const Arguments& a) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number(a.at(0))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

int connect_abstract(const Arguments& a) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, a.at(0).data(), a.at(0).size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + a.at(0).size());
  return result(::connect(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
}

std::string scratch_file() {
  const std::string path = "scratch-" + std::to_string(::getpid());
  ::close(::open(path.c_str(), O_WRONLY | O_CREAT, 0644));
  return path;
}

int has_bits(const std::string& path, mode_t bits) {
  struct stat status {};
  const bool set = ::stat(path.c_str(), &status) == 0 && (status.st_mode & bits) != 0;
  ::unlink(path.c_str());
  return result(set);
}

int chmod_setuid(const Arguments&) {
  const auto path = scratch_file();
  ::chmod(path.c_str(), 04755);
  return has_bits(path, S_ISUID);
}

int chmod_setgid(const Arguments&) {
  const auto path = scratch_file();
  ::chmod(path.c_str(), 02755);
  return has_bits(path, S_ISGID);
}

int fchmod_setuid(const Arguments&) {
  const auto path = scratch_file();
  ::fchmod(::open(path.c_str(), O_RDONLY), 04755);
  return has_bits(path, S_ISUID);
}

int fchmodat_setuid(const Arguments&) {
  const auto path = scratch_file();
  ::fchmodat(AT_FDCWD, path.c_str(), 04755, 0);
  return has_bits(path, S_ISUID);
}

int fchmodat2_setuid(const Arguments&) {
  constexpr long kFchmodat2 = 452;
  const auto path = scratch_file();
  if (::syscall(kFchmodat2, AT_FDCWD, path.c_str(), 04755, 0) != 0 && errno == ENOSYS) {
    ::unlink(path.c_str());
    return kUnavailable;
  }
  return has_bits(path, S_ISUID);
}

int create_setuid(const Arguments&) {
  const auto path = scratch_file();
  ::unlink(path.c_str());
  ::close(::open(path.c_str(), O_WRONLY | O_CREAT, 04755));
  return has_bits(path, S_ISUID);
}

int openat2_setuid(const Arguments&) {
  struct {
    std::uint64_t flags, mode, resolve;
  } how{O_WRONLY | O_CREAT, 04755, 0};
  const auto path = scratch_file();
  ::unlink(path.c_str());
  ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how));
  return has_bits(path, S_ISUID);
}

/// By the system calls of 32-bit programs.
int chmod_setuid_32bit(const Arguments&) {
#if defined(__x86_64__)
  // A child, because a kernel without 32-bit programs answers with a signal.
  const auto path = scratch_file();
  const pid_t child = ::fork();
  if (child == 0) {
    auto* low = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    if (low == MAP_FAILED) ::_exit(1);
    std::strcpy(low, path.c_str());
    long call = 15;  // chmod
    __asm__ volatile("int $0x80" : "+a"(call) : "b"(low), "c"(04755L) : "memory");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return has_bits(path, S_ISUID);
#else
  return kUnavailable;
#endif
}

int set_xattr(const Arguments&) {
  const auto path = scratch_file();
  const bool set = ::setxattr(path.c_str(), "user.grange", "x", 1, 0) == 0;
  ::unlink(path.c_str());
  return result(set);
}

int make_device(const Arguments&) {
  const auto path = scratch_file();
  ::unlink(path.c_str());
  const bool made = ::mknod(path.c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  ::unlink(path.c_str());
  return result(made);
}

int mount_something(const Arguments&) {
  const std::string path = "mount-" + std::to_string(::getpid());
  ::mkdir(path.c_str(), 0755);
  const bool mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, nullptr) == 0;
  if (mounted) ::umount2(path.c_str(), MNT_DETACH);
  ::rmdir(path.c_str());
  return result(mounted);
}

/// An input made writable, as the user that the builder is, and as root of a namespace of its own.
int remount_input(const Arguments& a) {
  const auto attempt = [&] {
    return ::mount("none", a.at(0).c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0 ||
           ::umount2(a.at(0).c_str(), MNT_DETACH) == 0;
  };
  if (attempt()) return result(true);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return result(false);
  return result(attempt());
}

int leaked_descriptors(const Arguments&) {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return kUnavailable;
  int leaked = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (fd > STDERR_FILENO && fd != ::dirfd(directory)) ++leaked;
  }
  return result(leaked > 0);
}

int use_keys(const Arguments&) {
  const long ring = ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  return result(ring >= 0);
}

int use_io_uring(const Arguments&) {
  char parameters[120] = {};
  return result(::syscall(SYS_io_uring_setup, 1, parameters) >= 0);
}

int attach_shared_memory(const Arguments& a) {
  return result(::shmget(number(a.at(0)), 0, 0) >= 0);
}

int gain_capability(const Arguments&) {
  // What only a privileged process may do, and does no harm.
  return result(::chroot("/") == 0);
}

/// Input typed into the terminal that the output goes to, as if the user had typed it.
int push_input(const Arguments&) {
  return result(::ioctl(1, TIOCSTI, "x") == 0);
}

const std::map<std::string, std::function<int(const Arguments&)>> kAttempts = {
    {"read-file", read_file},
    {"write-file", write_file},
    {"open-for-writing", open_for_writing},
    {"see-process", see_process},
    {"signal-process", signal_process},
    {"trace-process", trace_process},
    {"look-into-process", look_into_process},
    {"connect-tcp", connect_tcp},
    {"connect-abstract", connect_abstract},
    {"chmod-setuid", chmod_setuid},
    {"chmod-setgid", chmod_setgid},
    {"fchmod-setuid", fchmod_setuid},
    {"fchmodat-setuid", fchmodat_setuid},
    {"fchmodat2-setuid", fchmodat2_setuid},
    {"create-setuid", create_setuid},
    {"openat2-setuid", openat2_setuid},
    {"chmod-setuid-32bit", chmod_setuid_32bit},
    {"set-xattr", set_xattr},
    {"make-device", make_device},
    {"mount", mount_something},
    {"remount-input", remount_input},
    {"leaked-descriptors", leaked_descriptors},
    {"use-keys", use_keys},
    {"use-io-uring", use_io_uring},
    {"attach-shared-memory", attach_shared_memory},
    {"gain-capability", gain_capability},
    {"push-input", push_input},
};

}  // namespace

int main(int argc, char** argv) {
  const auto attempt = argc > 1 ? kAttempts.find(argv[1]) : kAttempts.end();
  if (attempt == kAttempts.end()) {
    std::fprintf(stderr, "usage: grange-escape-attempts ATTEMPT [ARGUMENT...]\n");
    return 64;
  }
  return attempt->second(Arguments(argv + 2, argv + argc));
}
