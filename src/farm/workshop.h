#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/signature.h"
#include "build/builder.h"
#include "build/local_builder.h"
#include "build/machines.h"
#include "process/launcher.h"
#include "store/local_store.h"
#include "store/low_disk.h"
#include "store/open_store.h"
#include "store/store_reference.h"
#include "store/substituters.h"

namespace grange {

/// Everything that making steps on this machine needs to know, parsed once.
struct WorkshopConfig {
  std::filesystem::path store_root;       ///< destination store; "/" for the plain /nix/store
  std::filesystem::path eval_store_root;  ///< where .drv files are read
  std::filesystem::path launcher;         ///< the grange-launcher program
  StoreDir store_dir = StoreDir::nix();
  BuildPolicy::Sandbox sandbox = BuildPolicy::Sandbox::sandboxed;
  bool sync = false;           ///< fsync each batch of store objects before registering it
  bool fast_metadata = false;  ///< leave syncing the store's database to the system
  LocalBuilderConfig builder;
  unsigned local_jobs = 1;              ///< attempts at once on this machine; 0: only on others
  std::vector<RemoteMachine> machines;  ///< others that make steps for us
  /// Stores that outputs are fetched from, by name, and whose signatures count there.
  std::vector<StoreReference> substituters;
  std::vector<PublicKey> trusted_keys;
  RemoteStoreOptions remote;  ///< of substituters, and of where results are published
  unsigned fetch_jobs = 0;    ///< paths on their way at once; 0: as the substituters are worth
  /// Hears why something was not fetched, from any thread.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  LowDiskOptions low_disk;  ///< of the destination store's disk, while something is made
  /// Hears of collections on low disk, from a thread of its own.
  LowDiskCollector::Tell tell_low_disk = [](const std::string&) {};
  bool rehearsal = false;  ///< nothing is made: see farm/rehearsal.h
};

/// The stores, the launcher and the builder of one run, wired together. The destination store is
/// opened at once, so that a store that cannot be used is known before any work; the eval store
/// when it is first asked for, because the evaluator creates it; the launcher with the first
/// attempt, so that a run with nothing to make starts no process.
class Workshop {
 public:
  Workshop(WorkshopConfig config, const Clock& clock);
  ~Workshop();

  LocalStore& store() { return *store_; }
  /// Opened read-only at the first call (one thread).
  LocalStore& eval_store();
  /// Opened at the first call (one thread); one that cannot be opened is warned of and left out.
  Substituters& substituters();
  const WorkshopConfig& config() const { return config_; }
  /// The policy under which this workshop makes steps.
  BuildPolicy policy() const;
  /// Makes steps here, and on the machines. Starts the launcher with the first attempt made here,
  /// and connects to a machine with the first one made there. Thread safe.
  Builder& builder();
  /// The same in a session of the store, whose temporary roots end with it; both must outlive what
  /// is made here.
  std::unique_ptr<Builder> builder_in(LocalStore& session);
  /// How many attempts can run at once, here and on the machines.
  unsigned slots() const;

 private:
  class Floor;
  class LazyBuilder;
  class MachineStoreBuilder;
  class SessionBuilder;

  WorkshopConfig config_;
  const Clock& clock_;
  std::unique_ptr<LocalStore> store_;
  FileDescriptor eval_store_use_;  ///< keeps collectors off while we read from it
  std::unique_ptr<LocalStore> eval_store_;
  std::unique_ptr<Substituters> substituters_;
  std::unique_ptr<Floor> floor_;
  std::unique_ptr<SessionBuilder> builder_;
};

/// The canonical text of a policy: what the record keeps attempts by.
std::string policy_text(const BuildPolicy& policy);

/// This machine as Nix names it: "x86_64-linux".
std::string this_system();

}  // namespace grange
