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

/// A host path made visible in a sandbox. Read-only; files, directories and devices alike.
struct SandboxPath {
  std::filesystem::path source;  ///< on the host
  std::filesystem::path target;  ///< absolute, inside
  bool optional = false;         ///< left out, not refused, when the source does not exist

  /// "TARGET", "TARGET=SOURCE", with a final '?' for optional (as Nix's sandbox-paths).
  /// Throws InvalidError.
  static SandboxPath parse(std::string_view text);
};

/// What one sandbox shows and forbids. Everything else of the host is invisible.
struct SandboxSpec {
  /// Host directory, empty, on the physical store's file system: becomes the root inside. Owned and
  /// removed by the caller.
  std::filesystem::path root;
  std::filesystem::path store_dir;         ///< logical, inside: "/nix/store"
  std::filesystem::path physical_store;    ///< where those objects are on the host
  std::vector<std::string> store_objects;  ///< base names to show: the input closure
  std::vector<SandboxPath> paths;
  std::filesystem::path build_directory;  ///< host directory seen as /build
  bool private_network = true;            ///< false for fixed-output derivations
  bool private_devices = true;
  /// Host uid and gid for root's pool; inside they are 1000 and 100. Nothing: the caller's own ids
  /// (an unprivileged user).
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
};

/// A program that the launcher runs for us. The destructor kills everything that belongs to it.
class LaunchedProcess {
 public:
  virtual ~LaunchedProcess() = default;
  /// Our end of the pty (or pipe) that is its stdout and stderr; end of file when all are closed.
  virtual int output_descriptor() const = 0;
  /// Readable when it has ended.
  virtual int poll_descriptor() const = 0;
  /// Nothing while it runs. Throws UnavailableError when the launcher itself has died, and
  /// DeniedError (naming the step and the ways out) when the sandbox could not be set up.
  virtual std::optional<ExitStatus> try_wait() = 0;
  /// Kills it and all its descendants, and waits until they are gone.
  virtual void kill() = 0;
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
  /// Thread safe.
  virtual std::unique_ptr<LaunchedProcess> launch(const LaunchSpec& spec) = 0;

  /// Throws DeniedError where the kernel forbids the namespace of a relocated store.
  static std::unique_ptr<Launcher> start(const LauncherConfig& config);
};

/// Host uids for builders when this process is root: one per running step, from a range that no
/// account uses; held by flock under `directory` so that two processes never share one.
class UidPool {
 public:
  struct Lease;
  UidPool(std::filesystem::path directory, uid_t first, unsigned count);
  ~UidPool();
  /// Nothing when every uid is in use.
  std::unique_ptr<Lease> try_acquire();
  struct Lease {
    uid_t uid;
    FileDescriptor lock;
  };

 private:
  std::filesystem::path directory_;
  uid_t first_;
  unsigned count_;
};

}  // namespace grange
