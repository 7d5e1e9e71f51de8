#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace grange {

/// Who is at the other end of a connection, and what he may do (nix-store.md §8.4).
struct ClientIdentity {
  std::string name;  ///< for people: "alice", "uid 1000", "stdio"
  bool trusted = false;
  /// An evaluator: he adds what nobody must be believed for, has it built and reads; settings and
  /// the upkeep of the store are not his.
  bool restricted = false;
  pid_t process = 0;  ///< 0: not known
};

/// As the system calls him; his number where it does not know him.
std::string user_name(uid_t uid);

/// Is the user with this name and these groups among `users`: names, "@GROUP", "*"?
bool matches_user(const std::vector<std::string>& users, const std::string& name,
                  const std::vector<std::string>& groups);

/// The peer of a Unix socket, by what the kernel says of it. Throws DeniedError when it is neither
/// trusted nor allowed, or a member of the group that builders run as.
ClientIdentity identify_peer(int socket, const std::vector<std::string>& trusted_users,
                             const std::vector<std::string>& allowed_users,
                             const std::string& build_users_group);

}  // namespace grange
