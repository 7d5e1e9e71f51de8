#include "store/path_reader.h"

#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "database/read_transaction.h"

namespace grange {
namespace {

/// A row that does not hold what it must is the database's fault, whatever its parser says.
template <typename Action>
auto from_row(const StoreDir& store, const StorePath& path, Action&& action) {
  try {
    return action();
  } catch (const InvalidError& error) {
    throw CorruptError("the store's database holds a broken row for '" + store.print(path) +
                       "': " + error.message());
  }
}

}  // namespace

PathReader::PathReader(SqliteDatabase database, StoreDir store)
    : owned_(std::make_unique<SqliteDatabase>(std::move(database))),
      database_(*owned_),
      store_(std::move(store)),
      find_(database_.prepare("select id from ValidPaths where path = ?")),
      info_(
          database_.prepare("select id, hash, registrationTime, deriver, narSize, ultimate, sigs, "
                            "ca from ValidPaths where path = ?")),
      references_(database_.prepare(
          "select path from Refs join ValidPaths on reference = id where referrer = ?")),
      reference_ids_(database_.prepare("select reference from Refs where referrer = ?")),
      referrers_(database_.prepare(
          "select path from Refs join ValidPaths on referrer = id where reference = ?")),
      path_(database_.prepare("select path from ValidPaths where id = ?")),
      derivers_(database_.prepare(
          "select v.path from DerivationOutputs d join ValidPaths v on d.drv = v.id "
          "where d.path = ?")),
      first_from_(
          database_.prepare("select path from ValidPaths where path >= ? order by path limit 1")) {}

StorePath PathReader::parse(std::string_view full) const {
  if (auto path = store_.try_parse_path(full)) return std::move(*path);
  throw CorruptError("the store's database holds '" + printable(full) + "', which is no path of '" +
                     store_.str() + "'");
}

std::optional<std::int64_t> PathReader::find(const StorePath& path) {
  std::optional<std::int64_t> id;
  if (find_.bind(1, store_.print(path)).step()) id = find_.integer(0);
  find_.reset();
  return id;
}

bool PathReader::is_valid(const StorePath& path) {
  return find(path).has_value();
}

std::set<StorePath> PathReader::valid_among(const std::set<StorePath>& paths) {
  const ReadTransaction transaction(database_);
  std::set<StorePath> valid;
  for (const StorePath& path : paths) {
    if (find(path)) valid.insert(valid.end(), path);
  }
  return valid;
}

std::set<StorePath> PathReader::paths_of(SqliteStatement& statement) {
  std::set<StorePath> paths;
  while (statement.step()) paths.insert(parse(statement.text(0)));
  statement.reset();
  return paths;
}

std::optional<PathInfo> PathReader::path_info(const StorePath& path) {
  const ReadTransaction transaction(database_);
  return read_info(path);
}

std::optional<PathInfo> PathReader::path_info_of_hash_part(std::string_view hash_part) {
  const ReadTransaction transaction(database_);
  // By the index of full paths: nothing lies between "…/DIGITS-" and the first path that has them.
  const std::string begin = store_.str() + "/" + std::string(hash_part) + "-";
  std::optional<StorePath> path;
  if (first_from_.bind(1, begin).step() && first_from_.text(0).starts_with(begin)) {
    path = parse(first_from_.text(0));
  }
  first_from_.reset();
  if (!path) return std::nullopt;
  return read_info(*path);
}

std::map<StorePath, PathInfo> PathReader::path_infos(const std::set<StorePath>& paths) {
  const ReadTransaction transaction(database_);
  std::map<StorePath, PathInfo> infos;
  for (const auto& path : paths) {
    if (auto info = read_info(path)) infos.emplace_hint(infos.end(), path, std::move(*info));
  }
  return infos;
}

std::optional<PathInfo> PathReader::read_info(const StorePath& path) {
  if (!info_.bind(1, store_.print(path)).step()) {
    info_.reset();
    return std::nullopt;
  }
  PathInfo info = from_row(store_, path, [&] {
    PathInfo read(path, Hash::parse(info_.text(1), HashAlgorithm::sha256));
    read.registration_time = info_.integer(2);
    if (!info_.is_null(3) && !info_.text(3).empty()) read.deriver = parse(info_.text(3));
    read.nar_size = static_cast<std::uint64_t>(info_.integer(4));
    read.ultimate = info_.integer(5) == 1;
    for (const auto signature : split_words(info_.text(6))) read.signatures.emplace_back(signature);
    if (!info_.is_null(7) && !info_.text(7).empty()) {
      read.content_address = ContentAddress::parse(info_.text(7));
    }
    return read;
  });
  const std::int64_t id = info_.integer(0);
  info_.reset();
  info.references = paths_of(references_.bind(1, id));
  return info;
}

std::set<StorePath> PathReader::valid_derivers(const StorePath& path) {
  const ReadTransaction transaction(database_);
  return paths_of(derivers_.bind(1, store_.print(path)));
}

std::vector<StorePath> PathReader::all_valid_paths() {
  auto statement = database_.prepare("select path from ValidPaths");
  std::vector<StorePath> paths;
  while (statement.step()) paths.push_back(parse(statement.text(0)));
  return paths;
}

std::set<StorePath> PathReader::referrers(const StorePath& path) {
  const ReadTransaction transaction(database_);
  const auto id = find(path);
  if (!id) return {};
  return paths_of(referrers_.bind(1, *id));
}

std::set<StorePath> PathReader::closure(const std::set<StorePath>& paths) {
  const ReadTransaction transaction(database_);
  std::vector<std::int64_t> pending;
  std::unordered_set<std::int64_t> seen;
  for (const StorePath& path : paths) {
    const auto id = find(path);
    if (!id) throw NotFoundError("path '" + store_.print(path) + "' is not valid");
    if (seen.insert(*id).second) pending.push_back(*id);
  }
  while (!pending.empty()) {
    reference_ids_.bind(1, pending.back());
    pending.pop_back();
    while (reference_ids_.step()) {
      const std::int64_t id = reference_ids_.integer(0);
      if (seen.insert(id).second) pending.push_back(id);
    }
    reference_ids_.reset();
  }
  std::set<StorePath> closure;
  for (const std::int64_t id : seen) {
    if (path_.bind(1, id).step()) closure.insert(parse(path_.text(0)));
    path_.reset();
  }
  return closure;
}

std::unique_ptr<PathReader> PathReaderPool::take() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return std::make_unique<PathReader>(open_());
}

void PathReaderPool::give_back(std::unique_ptr<PathReader> reader) {
  const MutexLock lock(mutex_);
  idle_.push_back(std::move(reader));
}

std::map<DrvOutput, Realisation> PathReader::realisations(const std::set<DrvOutput>& ids) {
  if (!realisations_) realisations_ = std::make_unique<RealisationTables>(database_, store_);
  const ReadTransaction transaction(database_);
  std::map<DrvOutput, Realisation> found;
  for (const auto& id : ids) {
    if (auto realisation = realisations_->find(id)) {
      found.emplace_hint(found.end(), id, std::move(*realisation));
    }
  }
  return found;
}

std::vector<Realisation> PathReader::realisations_of(const StorePath& path, std::size_t limit) {
  if (!realisations_) realisations_ = std::make_unique<RealisationTables>(database_, store_);
  const ReadTransaction transaction(database_);
  std::vector<Realisation> found;
  for (const auto& id : realisations_->of_path(path, limit)) {
    auto realisation = realisations_->find(id);
    // Of several realisations of an id the first counts.
    if (realisation && realisation->out_path == path) found.push_back(std::move(*realisation));
  }
  return found;
}

}  // namespace grange
