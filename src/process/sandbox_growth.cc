#include "process/sandbox_growth.h"

#include <cerrno>
#include <csignal>
#include <exception>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "process/launch_message.h"
#include "process/mounting.h"
#include "process/namespaces.h"

namespace grange {
namespace {

constexpr std::string_view kNamespaces = "namespaces";

FileDescriptor open_own_namespace(const char* path) {
  FileDescriptor opened(::open(path, O_RDONLY | O_CLOEXEC));
  if (!opened) throw_errno("opening", path);
  return opened;
}

void enter_namespace(const FileDescriptor& entered, int kind) {
  if (::setns(entered.get(), kind) != 0) throw_namespace_error("entering a running sandbox");
}

struct GrownObject {
  const StoreObject& object;
  std::optional<DetachedMount> mount;  ///< nothing for a symlink, which is made anew
};

std::vector<GrownObject> take_objects(const std::vector<StoreObject>& objects) {
  std::vector<GrownObject> taken;
  taken.reserve(objects.size());
  for (const auto& object : objects) {
    auto& grown = taken.emplace_back(GrownObject{object, std::nullopt});
    if (object.kind == StoreObject::Kind::symlink) continue;
    grown.mount.emplace(object.source, DetachedMount::Below::left_out);
    grown.mount->make_private_and_read_only();
  }
  return taken;
}

void make_entry(int store, const StoreObject& object) {
  const char* name = object.name.c_str();
  int made = -1;
  switch (object.kind) {
    case StoreObject::Kind::directory:
      made = ::mkdirat(store, name, 0755);
      break;
    case StoreObject::Kind::file:
      made = ::mknodat(store, name, S_IFREG | 0444, 0);
      break;
    case StoreObject::Kind::symlink:
      made = ::symlinkat(object.source.c_str(), store, name);
      break;
  }
  if (made == 0) return;
  if (errno == EEXIST) {
    throw ConflictError("the builder has made something itself at the place of '" + object.name +
                        "'");
  }
  throw_errno("creating mount point", object.name);
}

void place_object(int store, const GrownObject& grown) {
  make_entry(store, grown.object);
  if (!grown.mount) return;
  const FileDescriptor entry(
      ::openat(store, grown.object.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!entry || ::fstat(entry.get(), &status) != 0) {
    throw_errno("opening mount point", grown.object.name);
  }
  const mode_t kind = grown.object.kind == StoreObject::Kind::directory ? S_IFDIR : S_IFREG;
  if ((status.st_mode & S_IFMT) != kind) {
    throw ConflictError("the builder has replaced the mount point of '" + grown.object.name + "'");
  }
  grown.mount->attach(entry.get(), grown.object.name);
}

/// In the child: takes the mounts where the host is visible, then enters the sandbox with them.
void show_in_sandbox(const SandboxNamespaces& namespaces, const std::string& store_dir,
                     const std::vector<StoreObject>& objects) {
  if (namespaces.user) {
    // Only who owns a mount namespace may take mounts from it.
    enter_namespace(namespaces.user, CLONE_NEWUSER);
    if (::unshare(CLONE_NEWNS) != 0) throw_namespace_error("showing objects in a sandbox");
  }
  const auto taken = take_objects(objects);
  enter_namespace(namespaces.mounts, CLONE_NEWNS);
  ::umask(0);
  const FileDescriptor store(::open(store_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!store) throw_errno("opening", store_dir);
  for (const auto& grown : taken) place_object(store.get(), grown);
}

[[noreturn]] void run_child(int report, const SandboxNamespaces& namespaces,
                            const std::string& store_dir,
                            const std::vector<StoreObject>& objects) noexcept {
  StepReport end = StepReport::of_end({});
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    show_in_sandbox(namespaces, store_dir, objects);
  } catch (const std::exception& error) {
    end = StepReport::of_error(error);
  }
  try {
    send_packet(report, encode_report(end));
  } catch (const std::exception&) {  // the supervisor sees that nothing came
  }
  ::_exit(0);
}

}  // namespace

std::optional<SandboxNamespaces> SandboxNamespaces::of_packet(Packet& packet) {
  if (packet.state != Packet::State::received || packet.data != kNamespaces) return std::nullopt;
  auto& received = packet.descriptors;
  SandboxNamespaces namespaces;
  if (!received.empty()) namespaces.mounts = std::move(received[0]);
  if (received.size() > 1) namespaces.user = std::move(received[1]);
  return namespaces;
}

void send_namespaces(int socket, bool own) {
  const auto mounts = open_own_namespace("/proc/self/ns/mnt");
  FileDescriptor user;
  std::vector<int> sent{mounts.get()};
  if (own) {
    user = open_own_namespace("/proc/self/ns/user");
    sent.push_back(user.get());
  }
  send_packet(socket, kNamespaces, sent);
}

void grow_sandbox(const SandboxNamespaces& namespaces, SandboxPlan& plan,
                  const std::vector<std::string>& names) {
  std::vector<StoreObject> objects;
  for (const auto& name : names) {
    if (!plan.shows(name)) objects.push_back(find_store_object(plan.physical_store, name));
  }
  if (objects.empty()) return;
  auto [ours, theirs] = make_packet_pair();
  const pid_t child = clone_process(0);
  if (child == 0) run_child(theirs.get(), namespaces, plan.store_dir, objects);
  theirs.reset();
  while (::waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  const Packet packet = receive_packet(ours.get(), /*wait=*/false);
  if (packet.state != Packet::State::received) {
    throw UnavailableError("what shows objects in a sandbox has died");
  }
  const auto report = decode_report(packet.data);
  if (!report.started) report.raise();
  for (auto& object : objects) plan.add(std::move(object));
}

}  // namespace grange
