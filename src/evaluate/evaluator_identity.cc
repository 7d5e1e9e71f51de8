#include "evaluate/evaluator_identity.h"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// Directories in which the farm makes files as well: they stay its own, and whoever is in the
/// group may add.
struct SharedDirectory {
  const char* path;
  mode_t mode;
};
constexpr SharedDirectory kShared[] = {
    {"nix/store", 01775}, {"nix/var/nix", 0775}, {"nix/var/nix/db", 0775}};

/// What nix changes, or sets the mode of, when it opens a store.
constexpr const char* kOwned[] = {
    "nix/store/.links",
    "nix/var/nix/db/big-lock",
    "nix/var/nix/db/reserved",
    "nix/var/nix/db/schema",
    "nix/var/nix/db/db.sqlite",
    "nix/var/nix/db/db.sqlite-shm",
    "nix/var/nix/db/db.sqlite-wal",
    "nix/var/nix/gc.lock",
    "nix/var/nix/gcroots",
    "nix/var/nix/gcroots/auto",
    "nix/var/nix/gcroots/per-user",
    "nix/var/nix/profiles",
    "nix/var/nix/profiles/per-user",
    "nix/var/nix/temproots",
    "nix/var/nix/userpool",
};

void share(const std::filesystem::path& directory, mode_t mode, gid_t group) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return;
  if (status.st_gid == group && (status.st_mode & 07777) == mode) return;
  if (::lchown(directory.c_str(), static_cast<uid_t>(-1), group) != 0 ||
      ::chmod(directory.c_str(), mode) != 0) {
    throw_errno("giving to gid " + std::to_string(group), directory.string());
  }
}

}  // namespace

std::optional<ProcessIdentity> evaluator_identity() {
  return identity_of_tools("grange-evaluate", kEvaluatorId);
}

void give_eval_store(const std::filesystem::path& root, const ProcessIdentity& identity) {
  for (const auto& [part, mode] : kShared) share(root / part, mode, identity.second);
  for (const auto* part : kOwned) {
    const auto path = root / part;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) continue;
    if (status.st_uid == identity.first || S_ISLNK(status.st_mode)) continue;
    if (::lchown(path.c_str(), identity.first, identity.second) != 0 && errno != ENOENT) {
      throw_errno("giving to uid " + std::to_string(identity.first), path.string());
    }
  }
}

}  // namespace grange
