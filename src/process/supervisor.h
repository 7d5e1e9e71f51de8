#pragma once

#include <vector>

#include "base/file.h"
#include "process/syscall_filter.h"

namespace grange {

/// What comes with a request for a step.
struct StepDescriptors {
  FileDescriptor spec;                ///< a file with the encoded spec
  FileDescriptor output;              ///< the builder's standard output and error
  FileDescriptor client;              ///< grange's socket for this step
  FileDescriptor shows;               ///< asks for more objects in a sandbox; may be none
  std::vector<FileDescriptor> locks;  ///< let go of when nothing of the step runs any more
};

/// One step, from the spec to the report: starts the builder, kills all that it has started when
/// it ends or when grange asks for that, dies, or the launcher dies, then reports and exits. The
/// whole life of one process, a child of the launcher.
[[noreturn]] void supervise_step(StepDescriptors& descriptors,
                                 const SyscallFilter& filter) noexcept;

}  // namespace grange
