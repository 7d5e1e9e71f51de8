#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/file.h"
#include "process/process.h"

namespace grange {

/// A host path made visible in a sandbox. Read-only; files, directories and devices alike. Symlinks
/// that lead to the source are followed.
struct SandboxPath {
  std::filesystem::path source;  ///< on the host
  std::filesystem::path target;  ///< absolute, inside
  bool optional = false;         ///< left out, not refused, when the source does not exist

  /// "TARGET", "TARGET=SOURCE", with a final '?' for optional (as Nix's sandbox-paths).
  /// Throws InvalidError.
  static SandboxPath parse(std::string_view text);
  /// "TARGET=SOURCE", with the '?'.
  std::string to_string() const;
};

/// What one sandbox shows and forbids. Everything else of the host is invisible.
struct SandboxSpec {
  /// Host directory on the physical store's file system, owned and removed by the caller. It is
  /// empty, or what an earlier step has left of it once its store directory and "tmp" are emptied.
  /// When the step has ended ROOT/nix/store (the store directory in it) holds what the builder made
  /// in its store directory and nothing else.
  std::filesystem::path root;
  /// Host directory on the same file system, made when it is not there, kept and shared by any
  /// number of steps: the mount points of store objects wait there for the next step, because
  /// making and removing them each time would be most of what a sandbox costs. Empty: each step
  /// makes its own, in `root`.
  std::filesystem::path mount_points;
  std::filesystem::path store_dir;         ///< logical, inside: "/nix/store"
  std::filesystem::path physical_store;    ///< where those objects are on the host
  std::vector<std::string> store_objects;  ///< base names to show: the input closure
  std::vector<SandboxPath> paths;
  /// Host directory seen as /build; belongs to `outside` where that is given.
  std::filesystem::path build_directory;
  bool private_network = true;  ///< false for fixed-output derivations
  bool private_devices = true;  ///< false: the host's /dev as it is
  bool kvm = false;             ///< /dev/kvm too, where the host has it
  bool grows = false;           ///< more store objects may be shown while it runs
  /// Host uid and gid from root's pool; inside they are 1000 and 100. Nothing: the caller's own ids
  /// (an unprivileged user); root must name some.
  std::optional<std::pair<uid_t, gid_t>> outside;
};

/// One program to run, sandboxed or not.
struct LaunchSpec {
  std::vector<std::string> arguments;    ///< argv; [0] is only the name
  std::string program;                   ///< absolute, as seen by the program itself
  std::vector<std::string> environment;  ///< "K=V", complete
  std::string working_directory;         ///< as seen by the program itself
  std::optional<SandboxSpec> sandbox;
  /// Without a sandbox: run as this uid and gid (root only).
  std::optional<std::pair<uid_t, gid_t>> identity;
  bool personality_32bit = false;  ///< i686 and the like on x86_64
  /// Descriptors of flock locks on what the program may touch, such as its uid and its outputs.
  /// Where this process is killed they stay locked until nothing that the program started runs any
  /// more, so that whoever takes them next meets nobody. At most kMostLocks.
  std::vector<int> locks;

  static constexpr std::size_t kMostLocks = 249;
};

/// A program that the launcher runs for us. The destructor kills everything that belongs to it.
class LaunchedProcess {
 public:
  virtual ~LaunchedProcess() = default;
  /// Our end of the pty (or pipe) that is its stdout and stderr; end of file when all are closed
  /// (which read(2) reports for a pty as EIO). Blocking.
  virtual int output_descriptor() const = 0;
  /// Readable when it has ended.
  virtual int poll_descriptor() const = 0;
  /// Nothing while it runs; never blocks. When it returns a status everything that the program
  /// started is gone too. A program that cannot be executed says so in its output and ends with
  /// exit code 1. Throws UnavailableError when the launcher itself has died or a disk is full, and
  /// where the sandbox could not be set up (naming the stage and the path) DeniedError when the
  /// kernel forbids it (with the ways out), InvalidError or NotFoundError when the spec is wrong,
  /// else SystemError.
  virtual std::optional<ExitStatus> try_wait() = 0;
  /// Kills it and all its descendants, and waits until they are gone. Fine when it has ended.
  /// Throws TimeoutError when they do not go (stuck in the kernel).
  virtual void kill() = 0;
  /// Shows more objects of the physical store (base names) in a sandbox that may grow, read-only;
  /// fine for those that it shows already, and without a sandbox, where everything is visible.
  /// From any thread. Throws NotFoundError for an object that is not there, ConflictError where the
  /// builder has made something else at its place, CancelledError when the step has ended.
  virtual void show(const std::vector<std::string>& objects) = 0;
};

struct LauncherConfig {
  std::filesystem::path program;  ///< the grange-launcher binary
  /// A relocated store: logical and physical store directory. The launcher enters one user + mount
  /// namespace at its start in which the logical one stands; empty when both are the same.
  std::filesystem::path store_dir;
  std::filesystem::path physical_store;
  bool pty = true;
};

/// The seam for running builders: a small program, started once with posix_spawn, that forks a
/// child per step from its own few pages. If this process dies the launcher kills all it started.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// Thread safe. Returns before the program runs. Throws UnavailableError when the launcher has
  /// died, SystemError when this process is out of descriptors or ptys.
  virtual std::unique_ptr<LaunchedProcess> launch(const LaunchSpec& spec) = 0;

  /// Throws DeniedError where the kernel forbids the namespace of a relocated store, NotFoundError
  /// when there is no such program, InvalidError when it is another version's.
  static std::unique_ptr<Launcher> start(const LauncherConfig& config);
};

/// Host uids for builders when this process is root: one per running step, from a range that no
/// account uses; held by flock under `directory` so that two processes never share one. Uids that a
/// running process has are passed over. Thread safe.
///
/// A uid is the whole machine's, and a step ends with the killing of every process of its uid: all
/// who give out the same uids must lock them in the same directory, whatever their stores.
class UidPool {
 public:
  static constexpr uid_t kFirst = 30000;
  static constexpr unsigned kCount = 256;
  static constexpr const char* kMachineDirectory = "/run/grange/uids";

  struct Lease;
  /// Throws InvalidError when this process's user namespace has none of the range.
  explicit UidPool(std::filesystem::path directory, uid_t first = kFirst, unsigned count = kCount);
  ~UidPool();
  /// Nothing when every uid is in use.
  std::unique_ptr<Lease> try_acquire();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A uid for as long as this lives (it may outlive the pool), and the gid of the same number.
struct UidPool::Lease {
  uid_t uid = 0;
  gid_t gid = 0;
  FileDescriptor lock;
  std::shared_ptr<State> pool;
  ~Lease();
};

}  // namespace grange
