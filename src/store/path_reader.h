#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/thread_annotations.h"
#include "database/sqlite.h"
#include "derivation/path_info.h"
#include "derivation/realisation.h"
#include "derivation/store_path.h"
#include "store/realisation_tables.h"

namespace grange {

/// What Nix's database says of valid paths, over one connection. One owner at a time.
class PathReader {
 public:
  PathReader(SqliteDatabase database, StoreDir store);

  bool is_valid(const StorePath& path);
  std::set<StorePath> valid_among(const std::set<StorePath>& paths);
  std::optional<PathInfo> path_info(const StorePath& path);
  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths);
  std::optional<PathInfo> path_info_of_hash_part(std::string_view hash_part);
  std::vector<StorePath> all_valid_paths();
  std::set<StorePath> referrers(const StorePath& path);
  /// Derivations with this output.
  std::set<StorePath> valid_derivers(const StorePath& path);
  std::set<StorePath> closure(const std::set<StorePath>& paths);
  std::vector<std::optional<std::uint64_t>> closure_sizes(
      const std::vector<std::set<StorePath>>& groups);
  /// Only where their tables are there.
  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids);
  std::vector<Realisation> realisations_of(const StorePath& path, std::size_t limit);

 private:
  std::optional<std::int64_t> find(const StorePath& path);
  std::optional<PathInfo> read_info(const StorePath& path);
  StorePath parse(std::string_view full) const;
  std::set<StorePath> paths_of(SqliteStatement& statement);

  std::unique_ptr<SqliteDatabase> owned_;  ///< in one place, however this is moved
  SqliteDatabase& database_;
  StoreDir store_;
  SqliteStatement find_;
  SqliteStatement info_;
  SqliteStatement references_;
  SqliteStatement reference_ids_;
  SqliteStatement referrers_;
  SqliteStatement path_;
  SqliteStatement derivers_;
  SqliteStatement first_from_;
  std::unique_ptr<RealisationTables> realisations_;  ///< once they are asked for
};

/// As many readers as threads read at once: each call borrows one for its duration. Thread safe.
class PathReaderPool {
 public:
  using Open = std::function<PathReader()>;
  explicit PathReaderPool(Open open) : open_(std::move(open)) {}

  template <typename Action>
  auto with_reader(Action&& action) {
    std::unique_ptr<PathReader> reader = take();
    // A reader that threw is closed: its connection may be inside a transaction.
    auto result = action(*reader);
    give_back(std::move(reader));
    return result;
  }

 private:
  std::unique_ptr<PathReader> take() EXCLUDES(mutex_);
  void give_back(std::unique_ptr<PathReader> reader) EXCLUDES(mutex_);

  Open open_;
  Mutex mutex_;
  std::vector<std::unique_ptr<PathReader>> idle_ GUARDED_BY(mutex_);
};

}  // namespace grange
