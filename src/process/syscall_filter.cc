#include "process/syscall_filter.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

/// Newer than the libseccomp that we build with; all machines number new system calls alike.
constexpr unsigned kFchmodat2 = 452;
constexpr unsigned kSetxattrat = 463;
/// Set in the numbers of x86-64's x32 system calls.
constexpr unsigned kX32Bit = 0x40000000;

using FilterContext = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

void check_filter(int code, const char* doing) {
  if (code < 0) throw SystemError(-code, doing);
}

template <typename... Comparisons>
void deny(const FilterContext& context, int error, int syscall, Comparisons... comparisons) {
  const std::array<scmp_arg_cmp, sizeof...(comparisons)> arguments{comparisons...};
  const int code =
      ::seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), syscall,
                               sizeof...(comparisons), arguments.data());
  check_filter(code, "adding a system call to the sandbox's filter");
}

scmp_arg_cmp has_bits(unsigned argument, unsigned long bits) {
  return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, bits, bits};
}

void add_foreign_machines(const FilterContext& context) {
  const auto add = [&](std::uint32_t machine) {
    const int code = ::seccomp_arch_add(context.get(), machine);
    if (code != -EEXIST) check_filter(code, "adding a 32-bit machine to the sandbox's filter");
  };
  switch (::seccomp_arch_native()) {
    case SCMP_ARCH_X86_64:
      add(SCMP_ARCH_X86);
      add(SCMP_ARCH_X32);
      break;
    case SCMP_ARCH_AARCH64:
      add(SCMP_ARCH_ARM);
      break;
    default:
      break;
  }
}

void deny_setuid_files(const FilterContext& context) {
  for (const unsigned bit : {unsigned{S_ISUID}, unsigned{S_ISGID}}) {
    deny(context, EPERM, SCMP_SYS(chmod), has_bits(1, bit));
    deny(context, EPERM, SCMP_SYS(fchmod), has_bits(1, bit));
    deny(context, EPERM, SCMP_SYS(fchmodat), has_bits(2, bit));
    deny(context, EPERM, SCMP_SYS(mknod), has_bits(1, bit));
    deny(context, EPERM, SCMP_SYS(mknodat), has_bits(2, bit));
    deny(context, EPERM, SCMP_SYS(creat), has_bits(1, bit));
    // The mode is only there with one of these flags; without them it is whatever was in the
    // register.
    for (const unsigned flag : {unsigned{O_CREAT}, unsigned{O_TMPFILE}}) {
      deny(context, EPERM, SCMP_SYS(open), has_bits(1, flag), has_bits(2, bit));
      deny(context, EPERM, SCMP_SYS(openat), has_bits(2, flag), has_bits(3, bit));
    }
  }
}

/// What goes before libseccomp's program: the calls that it does not know.
std::vector<sock_filter> newer_calls() {
  constexpr auto kArgument2 = static_cast<unsigned>(offsetof(seccomp_data, args) + 2 * 8);
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~kX32Bit),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSetxattrat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | unsigned{ENOTSUP}),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kFchmodat2, 0, 3),
      // The lower half of the mode, which all 32-bit and 64-bit little-endian machines have first.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArgument2),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, unsigned{S_ISUID | S_ISGID}, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | unsigned{EPERM}),
  };
}

void append_program(std::vector<sock_filter>& program, const FilterContext& context) {
  const FileDescriptor file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) throw_errno("making a file for the sandbox's filter");
  check_filter(::seccomp_export_bpf(context.get(), file.get()), "compiling the sandbox's filter");
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) throw_errno("measuring the sandbox's filter");
  const auto begin = program.size();
  program.resize(begin + static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), &program[begin], static_cast<std::size_t>(size), 0) != size) {
    throw_errno("reading the sandbox's filter");
  }
}

}  // namespace

SyscallFilter SyscallFilter::compile() {
  const FilterContext context(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
  if (!context) throw UnavailableError("no memory for the sandbox's filter");
  add_foreign_machines(context);
  deny_setuid_files(context);
  for (const int call : {SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr)}) {
    deny(context, ENOTSUP, call);
  }
  for (const int call : {SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl),
                         SCMP_SYS(io_uring_setup), SCMP_SYS(openat2)}) {
    deny(context, ENOSYS, call);
  }
  SyscallFilter filter;
  filter.program_ = newer_calls();
  append_program(filter.program_, context);
  return filter;
}

void SyscallFilter::install() const {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(program_.size());
  program.filter = const_cast<sock_filter*>(program_.data());
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
    throw_errno("installing the sandbox's filter of system calls");
  }
}

}  // namespace grange
