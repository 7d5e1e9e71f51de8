#pragma once

#include <string>

#include "process/sandbox_plan.h"

namespace grange {

/// Makes the planned root this process's, which has a new mount namespace (and with it new pid and
/// IPC namespaces): everything is read-only but the store directory, which is the host's
/// `store_directory` with a mount point per store object, and /tmp, /build, /dev and /proc. Linear
/// in the number of store objects.
void enter_sandbox_root(const SandboxPlan& plan, const std::string& store_directory);

}  // namespace grange
