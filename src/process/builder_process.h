#pragma once

#include "process/launcher.h"
#include "process/syscall_filter.h"

namespace grange {

/// What a process needs to become a builder.
struct BuilderProcess {
  const LaunchSpec& spec;
  int output = -1;  ///< becomes its standard output and error
  int report = -1;  ///< where a failed preparation is reported (launch_message.h)
  const SyscallFilter& filter;
};

/// Takes from this process all that a builder must not have (other descriptors, privileges, in a
/// sandbox also capabilities and system calls) and executes the builder's program. Never returns:
/// what cannot be prepared is reported, a program that cannot be executed is told in the output.
[[noreturn]] void become_builder(const BuilderProcess& process) noexcept;

/// Drops all capabilities of this process and forbids it to gain any by executing a program.
void drop_capabilities();

}  // namespace grange
