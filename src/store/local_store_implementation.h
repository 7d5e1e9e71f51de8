#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive/nar.h"
#include "store/addition_linker.h"
#include "store/change_counter.h"
#include "store/group_commit.h"
#include "store/local_store.h"
#include "store/path_reader.h"
#include "store/path_writer.h"
#include "store/realisation_tables.h"
#include "store/staging.h"
#include "store/temporary_roots.h"

namespace grange {

/// What only a store that is open for writing has.
struct StoreWriting {
  StoreWriting(const StoreLocation& location, const LocalStoreOptions& options,
               SqliteDatabase opened);

  SqliteDatabase database;
  PathWriter paths;  ///< used inside `commits` only
  /// Made with the first realisation, then used inside `commits` only.
  std::optional<RealisationTables> realisations;
  GroupCommit commits;
  Staging staging;
  AdditionLinker links;
};

/// What all sessions of one opened store share.
struct OpenedStore {
  OpenedStore(const StoreLocation& at, FileDescriptor lock, std::unique_ptr<StoreWriting> with);

  const StoreLocation location;
  const FileDescriptor big_lock;
  PathReaderPool readers;
  ChangeCounter changes;
  std::unique_ptr<StoreWriting> writing;  ///< null when it is open for reading
};

class LocalStoreImplementation final : public LocalStore {
 public:
  explicit LocalStoreImplementation(std::shared_ptr<OpenedStore> opened);

  std::unique_ptr<LocalStore> session() override;
  void limit_waits(LockWaits waits) override { waits_ = std::move(waits); }

  const StoreLocation& location() const override { return location_; }
  bool is_valid(const StorePath& path) override;
  std::set<StorePath> valid_among(const std::set<StorePath>& paths) override;
  std::optional<PathInfo> path_info(const StorePath& path) override;
  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) override;
  std::optional<PathInfo> path_info_of_hash_part(std::string_view hash_part) override;
  std::uint64_t changes() override;
  std::unique_ptr<NarStream> open_nar(const StorePath& path) override;
  void add(const PathInfo& info, NarStream& nar) override;
  std::size_t add_signatures(const StorePath& path,
                             const std::vector<std::string>& signatures) override;
  std::vector<StorePath> all_valid_paths() override;
  std::set<StorePath> valid_derivers(const StorePath& path) override;
  std::set<StorePath> referrers(const StorePath& path) override;
  std::set<StorePath> closure(const std::set<StorePath>& paths) override;
  std::vector<std::optional<std::uint64_t>> closure_sizes(
      const std::vector<std::set<StorePath>>& groups) override;

  void optimise_additions(bool optimise) override { optimise_additions_ = optimise; }
  void register_valid(std::vector<PathInfo> infos) override;
  void invalidate(const StorePath& path) override;

  bool keeps_realisations() override;
  void keep_realisations() override;
  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids) override;
  std::vector<Realisation> realisations_of(const StorePath& path, std::size_t limit) override;
  std::vector<RealisationConflict> register_realisations(
      const std::vector<Realisation>& realisations) override;

  void add_nar(const PathInfo& info, Source& nar) override;
  StorePath add_text(std::string_view name, std::string_view content,
                     const std::set<StorePath>& references) override;
  StorePath add_tree(const std::filesystem::path& source, std::string_view name,
                     ContentMethodAlgorithm method) override;
  StorePath add_content(std::string_view name, ContentMethodAlgorithm method,
                        const std::set<StorePath>& references, Source& content) override;
  void copy_closure_from(LocalStore& from, const std::set<StorePath>& paths,
                         std::stop_token stop) override;

  void add_temporary_root(const StorePath& path) override;
  void add_temporary_roots(const std::set<StorePath>& paths) override;
  void renew_temporary_roots(const std::set<StorePath>& paths) override;
  void add_indirect_root(const std::filesystem::path& link, const StorePath& target) override;

  void adopt_indirect_root(const std::filesystem::path& link) override;

  std::optional<PathLocks> try_lock(const std::set<StorePath>& paths) override;
  PathLocks lock(const std::set<StorePath>& paths, std::stop_token stop) override;

  void write_log(const StorePath& derivation, std::string_view log) override;
  std::optional<std::string> read_log(const StorePath& derivation) override;

  std::vector<StoreProblem> verify(bool check_contents, std::stop_token stop) override;

 private:
  /// Throws DeniedError for a store that was opened read-only.
  StoreWriting& writing() const;
  TemporaryRoots& roots();
  /// Makes a staged tree canonical, moves it into place and registers it, unless the path has
  /// become valid meanwhile.
  void place(StagedTree& staged, const PathInfo& info, const std::stop_token& stop);
  void put_realisations(const std::vector<Realisation>& realisations,
                        std::vector<RealisationConflict>& conflicts);
  /// The same for something content-addressed, whose NAR is `digest`; its path.
  StorePath place_content(StagedTree& staged, std::string_view name, ContentMethodAlgorithm method,
                          const std::set<StorePath>& references, NarDigest digest);
  void copy_object(LocalStore& from, const PathInfo& info, const std::stop_token& stop);

  const std::shared_ptr<OpenedStore> opened_;
  const StoreLocation& location_;
  PathReaderPool& readers_;
  TemporaryRoots roots_;
  std::atomic<bool> optimise_additions_{false};
  LockWaits waits_;
};

}  // namespace grange
