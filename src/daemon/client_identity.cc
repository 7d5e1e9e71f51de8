#include "daemon/client_identity.h"

#include <algorithm>
#include <array>

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kAccountBuffer = std::size_t{1} << 16;
constexpr int kMostGroups = 1024;

std::string find_user(uid_t uid, gid_t& primary) {
  std::string buffer(kAccountBuffer, '\0');
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    primary = found->pw_gid;
    return found->pw_name;
  }
  return uid == 0 ? "root" : std::to_string(uid);
}

std::string group_name(gid_t gid) {
  std::string buffer(kAccountBuffer, '\0');
  group entry{};
  group* found = nullptr;
  if (::getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->gr_name;
  }
  return std::to_string(gid);
}

std::vector<std::string> group_names(const std::string& user, gid_t primary) {
  std::array<gid_t, kMostGroups> groups{};
  int count = kMostGroups;
  if (::getgrouplist(user.c_str(), primary, groups.data(), &count) < 0) count = 0;
  std::vector<std::string> names{group_name(primary)};
  for (int i = 0; i < count; ++i) names.push_back(group_name(groups[static_cast<std::size_t>(i)]));
  return names;
}

}  // namespace

std::string user_name(uid_t uid) {
  gid_t primary = 0;
  return find_user(uid, primary);
}

bool matches_user(const std::vector<std::string>& users, const std::string& name,
                  const std::vector<std::string>& groups) {
  return std::any_of(users.begin(), users.end(), [&](const std::string& user) {
    if (user == "*" || user == name) return true;
    return user.starts_with('@') &&
           std::find(groups.begin(), groups.end(), user.substr(1)) != groups.end();
  });
}

ClientIdentity identify_peer(int socket, const std::vector<std::string>& trusted_users,
                             const std::vector<std::string>& allowed_users,
                             const std::string& build_users_group) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    throw_errno("asking who a client is");
  }
  gid_t primary = peer.gid;
  ClientIdentity identity;
  identity.process = peer.pid;
  identity.name = find_user(peer.uid, primary);
  const auto groups = group_names(identity.name, peer.gid);
  identity.trusted = matches_user(trusted_users, identity.name, groups);
  const bool builder =
      !build_users_group.empty() && group_name(peer.gid) == build_users_group && peer.uid != 0;
  if (builder || (!identity.trusted && !matches_user(allowed_users, identity.name, groups))) {
    throw DeniedError("user '" + identity.name + "' is not allowed to connect to the daemon");
  }
  return identity;
}

}  // namespace grange
