#include "process/relocated_store.h"

#include <string>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "process/mounting.h"
#include "process/namespaces.h"
#include "process/visible_tree.h"

namespace grange {
namespace {

void build_root(const std::vector<VisibleTree::Entry>& entries, const std::string& mount_at) {
  make_mounts_private();
  const NewRoot new_root(mount_at);
  for (const auto& entry : entries) {
    NewRoot::make(entry);
    NewRoot::bind(entry);
  }
  NewRoot::leave_host();
  // The directories that are ours rather than the host's lose whatever is written to them.
  set_mount_attributes("/", MOUNT_ATTR_RDONLY, 0, /*recursive=*/false);
}

}  // namespace

void enter_relocated_store(const std::filesystem::path& store_dir,
                           const std::filesystem::path& physical_store) {
  VisibleTree tree;
  tree.bind("/", "/");
  if (!tree.bind(store_dir.native(), physical_store)) {
    throw NotFoundError("there is no store directory '" + physical_store.string() + "'");
  }
  const auto entries = tree.entries();
  if (entries.empty()) return;  // the host shows it there already
  const std::string mount_at = std::filesystem::canonical(physical_store);
  const std::pair ids(::geteuid(), ::getegid());
  const bool privileged = is_privileged();
  if (::unshare(privileged ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    throw_namespace_error("showing '" + mount_at + "' as '" + store_dir.string() + "'");
  }
  if (!privileged) map_own_ids(ids, ids);
  build_root(entries, mount_at);
}

}  // namespace grange
