#pragma once

#include <string_view>
#include <utility>

#include <sys/types.h>

#include "base/error.h"

namespace grange {

/// May this process make namespaces and give its children any id without a user namespace?
bool is_privileged();
/// fork(2) into new namespaces (CLONE_NEW* flags; none is a plain fork): 0 in the child. Only for a
/// process with one thread. Throws DeniedError where the kernel forbids it.
pid_t clone_process(unsigned long flags);

/// In a new user namespace: `inside` is the caller's own uid and gid from here on.
void map_own_ids(std::pair<uid_t, gid_t> outside, std::pair<uid_t, gid_t> inside);
/// The same for a child in a new user namespace, by a privileged parent. `process` is its number in
/// the /proc that this process sees.
void map_ids_of(pid_t process, std::pair<uid_t, gid_t> outside, std::pair<uid_t, gid_t> inside);

/// The kernel forbids namespaces: names what was tried, the settings that forbid it as far as they
/// can be read, and the ways out.
DeniedError explain_refusal(const SystemError& error);
/// Throws for the present errno, after unshare(2), clone(2) or writing a map.
[[noreturn]] void throw_namespace_error(std::string_view doing);
/// Throws for the present errno, after mount(2) and its like.
[[noreturn]] void throw_mount_error(std::string_view doing);

}  // namespace grange
