#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "process/packet_socket.h"
#include "process/sandbox_plan.h"

namespace grange {

/// By what the supervisor of a running sandbox can enter it.
struct SandboxNamespaces {
  FileDescriptor mounts;
  FileDescriptor user;  ///< nothing where the sandbox has none of its own

  /// Those that `send_namespaces` has sent; nothing for any other message.
  static std::optional<SandboxNamespaces> of_packet(Packet& packet);
};

/// Sends the calling process's mount namespace, and its user namespace where that is its `own`.
void send_namespaces(int socket, bool own);

/// Shows more store objects in a running sandbox, read-only: each is mounted by a child process
/// that enters it, on a mount point made beside the others. What is shown is added to the plan.
///
/// The store directory is the builder's to write to. So a mount point must be one that was just
/// made, and what the builder puts in its place is never followed. Throws as
/// LaunchedProcess::show.
void grow_sandbox(const SandboxNamespaces& namespaces, SandboxPlan& plan,
                  const std::vector<std::string>& names);

}  // namespace grange
