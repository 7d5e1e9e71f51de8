#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "database/sqlite.h"
#include "derivation/path_info.h"
#include "derivation/store_path.h"

namespace grange {

/// The outputs of registered derivations whose paths are statically known.
using DerivationOutputPaths = std::map<StorePath, std::map<std::string, StorePath>>;

/// Writes Nix's database. Every call must be inside a transaction of the same connection. One owner
/// at a time.
class PathWriter {
 public:
  PathWriter(SqliteDatabase& database, StoreDir store);

  /// Inserts or updates as Nix does (an update keeps time and deriver). Throws InvalidError for a
  /// reference that is neither valid nor among `infos`.
  void put(const std::vector<PathInfo>& infos, const DerivationOutputPaths& outputs,
           std::int64_t now);
  /// Adds signatures to a valid path's; how many were new. Throws NotFoundError.
  std::size_t add_signatures(const StorePath& path, const std::vector<std::string>& signatures);
  /// Throws ConflictError while other paths refer to it.
  void remove(const StorePath& path);

 private:
  using Ids = std::unordered_map<StorePath, std::int64_t>;
  std::optional<std::int64_t> find(const StorePath& path);
  std::int64_t insert(const PathInfo& info, std::int64_t now);
  void update(const PathInfo& info);
  void put_references(const PathInfo& info, std::int64_t referrer, Ids& known);

  StoreDir store_;
  SqliteDatabase& database_;
  SqliteStatement find_;
  SqliteStatement insert_;
  SqliteStatement update_;
  SqliteStatement reference_;
  SqliteStatement output_;
  SqliteStatement remove_;
};

}  // namespace grange
