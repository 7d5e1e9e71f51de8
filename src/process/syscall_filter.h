#pragma once

#include <vector>

#include <linux/filter.h>

namespace grange {

/// The system calls that a sandboxed builder must not make, compiled once and installed many
/// times: setuid and setgid files (EPERM), extended attributes (ENOTSUP: outputs have none), kernel
/// keys (ENOSYS: they are not in any namespace), and io_uring and openat2 (ENOSYS), which would do
/// the former unseen. Also for the machine's 32-bit programs.
class SyscallFilter {
 public:
  /// Throws SystemError.
  static SyscallFilter compile();
  /// For this thread and all that it starts. Needs no_new_privs.
  void install() const;

 private:
  std::vector<sock_filter> program_;
};

}  // namespace grange
