#pragma once

#include <vector>

#include <sys/types.h>

namespace grange {

/// This process's children, as /proc shows them: also those that it inherited as the reaper of
/// its descendants. A child that appears or ends meanwhile may be missing. Only for a process with
/// one thread.
std::vector<pid_t> list_children();

/// Is there a child, be it ended and not yet reaped?
bool has_children();

/// Kills and reaps every child but `kept`, and whatever their deaths leave to this process, until
/// there is nobody else. This process must be its descendants' reaper (PR_SET_CHILD_SUBREAPER).
void kill_descendants(const std::vector<pid_t>& kept = {});

/// Kills all processes of a builder's uid, which must not be this process's. Privileged.
void kill_processes_of(uid_t uid);

}  // namespace grange
