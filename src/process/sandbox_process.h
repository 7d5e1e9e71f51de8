#pragma once

#include <string>

#include "process/builder_process.h"
#include "process/sandbox_plan.h"

namespace grange {

/// Starts the first process of a new sandbox (a child of this one), which enters the planned root
/// (sandbox_root.h) and runs the builder in it as its only child. It reports on `process.report`
/// what could not be set up, or how the builder ended (launch_message.h), and ends itself; with it
/// ends every process in the sandbox, as it does when it is killed. Throws DeniedError where
/// namespaces are forbidden.
pid_t start_sandbox(const BuilderProcess& process, const SandboxPlan& plan,
                    const std::string& store_directory);

/// What `start_sandbox` refuses at once: ids that this launcher cannot give.
void check_sandbox_ids(const SandboxSpec& spec);

}  // namespace grange
