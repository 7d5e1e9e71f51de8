#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/file.h"
#include "base/stream.h"
#include "derivation/derivation_graph.h"
#include "derivation/path_info.h"
#include "derivation/realisation.h"
#include "derivation/store_path.h"
#include "store/store.h"

namespace grange {

/// Where a local store is: the logical directory that its paths name, and the directories that hold
/// it, laid out as `nix --store ROOT` does.
struct StoreLocation {
  StoreDir store_dir = StoreDir::nix();
  std::filesystem::path real_store;  ///< ROOT/nix/store
  std::filesystem::path state;       ///< ROOT/nix/var/nix
  std::filesystem::path logs;        ///< ROOT/nix/var/log/nix

  /// An empty root, or "/", means the plain /nix/store.
  static StoreLocation at_root(const std::filesystem::path& root,
                               const StoreDir& store_dir = StoreDir::nix());
  /// Do logical and physical directory differ?
  bool relocated() const { return real_store != std::filesystem::path(store_dir.str()); }
  /// Temporary places on the store's own file system, outside the store directory:
  /// ROOT/nix/var/grange.
  std::filesystem::path own_state() const;
};

struct LocalStoreOptions {
  bool read_only = false;  ///< never writes; the store must exist
  bool sync = false;       ///< files are on disk before they are registered, and so is that
  /// As Nix with `fsync-metadata = false`: a power cut may lose what was registered last, or the
  /// database. For comparisons at equal settings. Ignored with `sync`.
  bool fast_metadata = false;
};

/// Locks of output paths, held by flock on PATH.lock as Nix does; released by the destructor. They
/// exclude the threads of one process from each other as well.
class PathLocks {
 public:
  PathLocks() = default;
  PathLocks(PathLocks&&) noexcept = default;
  PathLocks& operator=(PathLocks&& other) noexcept;
  ~PathLocks();
  bool held() const { return !locks_.empty(); }
  /// The outputs are registered: the lock files are marked stale and removed at release.
  void remove_files() { remove_ = true; }
  /// Adds a lock that was taken on `file`.
  void add(std::filesystem::path file, FileDescriptor lock) {
    locks_.emplace_back(std::move(file), std::move(lock));
  }
  void release() noexcept;
  /// Of the lock files, for whoever must hold the locks with us.
  std::vector<int> descriptors() const;

 private:
  std::vector<std::pair<std::filesystem::path, FileDescriptor>> locks_;
  bool remove_ = false;
};

/// How a session waits when it adds a path that somebody else has locked.
struct LockWaits {
  std::stop_token stop{};       ///< then it waits no more: CancelledError
  std::set<StorePath> never{};  ///< locked by whoever waits for us: ConflictError at once
};

/// What `verify` found; one line per problem.
struct StoreProblem {
  StorePath path;
  std::string problem;
};

/// A valid Nix 2.8 store on the local disk, which the real nix may use at the same time (DESIGN.md,
/// rules of the local store). Realisations that it knows are of valid paths; several are registered
/// in one transaction; logs are kept packed where `nix log` finds them. Thread safe: each call that
/// reads borrows a connection of its own for its duration; those that register share one and its
/// transactions.
class LocalStore : public Store {
 public:
  /// Creates an empty store where there is none (unless read-only). Throws DeniedError for a store
  /// that we may not write, ConflictError for a newer schema or NFS, NotFoundError, CorruptError.
  static std::unique_ptr<LocalStore> open(const StoreLocation& location,
                                          const LocalStoreOptions& options = {});

  /// The same store, over the same connections and transactions, with temporary roots of its own
  /// that are given up with it.
  virtual std::unique_ptr<LocalStore> session() = 0;
  /// For this session, before it is used.
  virtual void limit_waits(LockWaits waits) = 0;

  virtual const StoreLocation& location() const = 0;
  const StoreDir& store_dir() const final { return location().store_dir; }
  std::string describe() const final { return location().real_store.string(); }
  /// Where an object is on disk.
  std::filesystem::path real_path(const StorePath& path) const {
    return location().real_store / path.base_name();
  }

  virtual bool is_valid(const StorePath& path) = 0;
  virtual std::optional<PathInfo> path_info(const StorePath& path) = 0;
  /// The same for the path that begins with these 32 digits of base 32.
  virtual std::optional<PathInfo> path_info_of_hash_part(std::string_view hash_part) = 0;
  /// Another number than before whenever paths or realisations may have been registered or
  /// invalidated since, by whatever process; what was read after one call is still so at a later
  /// one that answers the same. Costs two system calls.
  virtual std::uint64_t changes() = 0;
  virtual std::vector<StorePath> all_valid_paths() = 0;
  /// Valid derivations that state this output.
  virtual std::set<StorePath> valid_derivers(const StorePath& path) = 0;
  virtual std::set<StorePath> referrers(const StorePath& path) = 0;
  /// Everything that `paths` need at run time, themselves included. Throws NotFoundError naming a
  /// path that is not valid.
  virtual std::set<StorePath> closure(const std::set<StorePath>& paths) = 0;
  /// For each group of paths: bytes of the NARs of their closure, each path counted once. Nothing
  /// where one of them is not valid, or there is none. One batch for all.
  virtual std::vector<std::optional<std::uint64_t>> closure_sizes(
      const std::vector<std::set<StorePath>>& groups) = 0;

  /// From now on files of what this session registers share their content with equal ones, as
  /// `optimise_store` makes them; so do those of sessions that begin later.
  virtual void optimise_additions(bool optimise) = 0;

  /// Registers objects that are in place and canonical, in one transaction; every reference must be
  /// valid or among them. Several calls at once share one commit. Throws InvalidError (cycle,
  /// reference not valid, ca claim wrong).
  virtual void register_valid(std::vector<PathInfo> infos) = 0;
  /// Marks a path as no longer valid (its files are the caller's affair). Fine when it is not.
  virtual void invalidate(const StorePath& path) = 0;

  /// The realisations whose output a path is, at most `limit`: of equivalent derivations, and of
  /// others that happen to make the same.
  virtual std::vector<Realisation> realisations_of(const StorePath& path, std::size_t limit) = 0;
  /// Does this store keep realisations? Every store does from the first that is registered.
  virtual bool keeps_realisations() = 0;
  /// From now on it does. A nix that has ca-derivations switched on waits for this with a store
  /// that others have open.
  virtual void keep_realisations() = 0;

  /// Restores a NAR, checks hash, size and content address, canonicalises and registers. Fine when
  /// it is valid already (the source is then still read to its end).
  virtual void add_nar(const PathInfo& info, Source& nar) = 0;
  /// A text object, as `toFile` and .drv files are.
  virtual StorePath add_text(std::string_view name, std::string_view content,
                             const std::set<StorePath>& references) = 0;
  /// A file tree from outside, content-addressed: recursive or flat.
  virtual StorePath add_tree(const std::filesystem::path& source, std::string_view name,
                             ContentMethodAlgorithm method) = 0;
  /// The same from a stream: a NAR for the method recursive, otherwise the bytes. Reads it to its
  /// end. Throws InvalidError for references where the method allows none.
  virtual StorePath add_content(std::string_view name, ContentMethodAlgorithm method,
                                const std::set<StorePath>& references, Source& content) = 0;
  /// Copies the closure of `paths` from another store, references first; what is valid here is
  /// skipped.
  virtual void copy_closure_from(LocalStore& from, const std::set<StorePath>& paths,
                                 std::stop_token stop) = 0;

  /// Keeps garbage collectors off while this session lives. Call before checking validity.
  virtual void add_temporary_root(const StorePath& path) = 0;
  virtual void add_temporary_roots(const std::set<StorePath>& paths) = 0;
  /// For paths that have just become permanent roots in some other way than `add_indirect_root`: a
  /// collector that is running hears of them, however soon this process ends.
  virtual void renew_temporary_roots(const std::set<StorePath>& paths) = 0;
  /// A permanent indirect root: `link` (outside the store) will point at `target`.
  virtual void add_indirect_root(const std::filesystem::path& link, const StorePath& target) = 0;
  /// The same for a link that somebody else has made, or will make.
  virtual void adopt_indirect_root(const std::filesystem::path& link) = 0;

  /// Takes the locks of all `paths` (sorted), or nothing when another process holds one.
  virtual std::optional<PathLocks> try_lock(const std::set<StorePath>& paths) = 0;
  /// Waits for them; throws CancelledError when stopped.
  virtual PathLocks lock(const std::set<StorePath>& paths, std::stop_token stop) = 0;

  /// Every row's files are there; with contents, that they hash to what is registered.
  virtual std::vector<StoreProblem> verify(bool check_contents, std::stop_token stop) = 0;
};

/// Reads .drv files straight from a store directory.
DerivationReader directory_reader(const std::filesystem::path& directory);

/// Files that were made canonical already, by device and inode: what hard links of one build's
/// outputs have in common.
using CanonicalFiles = std::set<std::pair<dev_t, ino_t>>;

/// Makes a tree canonical in place: owner (ours), modes 0444/0555, times, no extended attributes
/// (nix-store.md §10.8). `builder` restricts whose files are accepted: a file of anybody else, or a
/// root that others may write to, throws InvalidError for suspicious ownership; files in `seen` are
/// ours by now and are accepted. InvalidError also for what a store cannot hold. All processes that
/// could change the tree must be gone.
void canonicalise_tree(const std::filesystem::path& path, std::optional<uid_t> builder,
                       CanonicalFiles& seen);
void canonicalise_tree(const std::filesystem::path& path, std::optional<uid_t> builder);

/// Renames a canonical tree into place. An ordinary user may not move a directory that he may not
/// write to, so a directory's mode is relaxed for the moment.
void move_canonical_tree(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace grange
