#include "process/sandbox_root.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/mount.h>
#include <sys/stat.h>

#include "base/error.h"
#include "process/mounting.h"

namespace grange {
namespace {

/// Mounts that must not become read-only with the others, taken from the host while it is visible
/// and attached when the others are done.
class WritableMounts {
 public:
  void take(const std::string& source, std::string target) {
    mounts_.emplace_back(DetachedMount(NewRoot::on_host(source)), std::move(target));
  }
  void attach() const {
    for (const auto& [mount, target] : mounts_) mount.attach(target);
  }

 private:
  std::vector<std::pair<DetachedMount, std::string>> mounts_;
};

bool has_own_directory(const SandboxPlan& plan, std::string_view path) {
  return std::any_of(plan.entries.begin(), plan.entries.end(), [&](const auto& entry) {
    return entry.kind == VisibleTree::Kind::directory && entry.path == path;
  });
}

/// A host directory with devices in it.
bool holds_devices(const VisibleTree::Entry& entry) {
  return entry.kind == VisibleTree::Kind::bind_directory &&
         (entry.path == "/dev" || entry.path.starts_with("/dev/"));
}

/// Read-only like all that is bound here, since even a builder that owns the store's files must
/// not change them.
void bind_store_objects(const SandboxPlan& plan) {
  for (const auto& object : plan.objects) {
    if (object.kind == StoreObject::Kind::symlink) continue;
    bind_mount(NewRoot::on_host(object.source), plan.store_dir + "/" + object.name,
               /*recursive=*/false);
  }
}

void mount_fresh_devices(const SandboxPlan& plan) {
  if (has_own_directory(plan, "/dev/shm")) {
    mount_filesystem("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=50%");
  }
  if (!has_own_directory(plan, "/dev/pts")) return;
  try {
    mount_filesystem("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
                     "newinstance,mode=0620,ptmxmode=0666");
  } catch (const SystemError& error) {
    // Old kernels want a root user in the user namespace; a builder without ptys is better than
    // one with the host's.
    if (error.code() != EINVAL) throw;
  }
}

}  // namespace

void enter_sandbox_root(const SandboxPlan& plan, const std::string& store_directory) {
  ::umask(0);
  make_mounts_private();
  const NewRoot new_root(plan.root);

  // Mount points of sandbox paths below these are made in them.
  const std::map<std::string, std::string, std::less<>> kept_on_disk = {
      {plan.store_dir, store_directory}, {"/tmp", plan.root + "/tmp"}};
  std::vector<std::string> made_writable = {"/proc"};
  WritableMounts writable;
  writable.take(plan.build_directory, "/build");
  for (const auto& entry : plan.entries) {
    NewRoot::make(entry);
    const auto kept = kept_on_disk.find(entry.path);
    if (kept != kept_on_disk.end() && entry.kind == VisibleTree::Kind::directory) {
      bind_mount(NewRoot::on_host(kept->second), entry.path, /*recursive=*/false);
      made_writable.push_back(entry.path);
    } else if (entry.kind == VisibleTree::Kind::bind_device || holds_devices(entry)) {
      writable.take(entry.text, entry.path);
    } else {
      NewRoot::bind(entry);
    }
  }
  bind_store_objects(plan);
  // While the host's is visible: the kernel gives a user namespace a new one only then.
  with_context(
      [] { return "a container that hides parts of its own /proc forbids another one"; },
      [] { mount_filesystem("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr); });
  NewRoot::leave_host();

  set_mount_attributes("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0,
                       /*recursive=*/true);
  for (const auto& path : made_writable) {
    set_mount_attributes(path, 0, MOUNT_ATTR_RDONLY, /*recursive=*/false);
  }
  writable.attach();
  mount_fresh_devices(plan);
}

}  // namespace grange
