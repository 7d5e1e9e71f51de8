#include "store/local_store.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "store/build_logs.h"
#include "store/gc_roots.h"
#include "store/indirect_roots.h"
#include "store/local_store_implementation.h"
#include "store/path_locks.h"
#include "store/reference_order.h"
#include "store/registration_checks.h"
#include "store/store_layout.h"
#include "store/store_schema.h"
#include "store/verify.h"

namespace grange {
namespace {

/// Everything of the store's file system that was written so far is on disk.
void sync_file_system(const std::filesystem::path& directory) {
  const FileDescriptor fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::syncfs(fd.get()) != 0) throw_errno("syncing the file system of", directory.string());
}

GroupCommit::Hooks commit_hooks(const StoreLocation& location, const LocalStoreOptions& options) {
  GroupCommit::Hooks hooks;
  hooks.before_begin = [directory = location.real_store, sync = options.sync] {
    fault_point("store.register.before-begin");
    if (sync) sync_file_system(directory);
  };
  hooks.before_commit = [] { fault_point("store.register.before-commit"); };
  return hooks;
}

std::unique_ptr<StoreWriting> open_for_writing(const StoreLocation& location,
                                               const LocalStoreOptions& options, bool fresh) {
  SqliteDatabase database = open_store_database(location, options, fresh);
  if (fresh) {
    fault_point("store.create.before-tables");
    create_store_tables(database);
    fault_point("store.create.before-schema");
    write_file(location.state / "db/schema", std::to_string(kStoreSchema),
               options.sync ? Durability::synced : Durability::atomic);
  }
  auto writing = std::make_unique<StoreWriting>(location, options, std::move(database));
  writing->staging.clean_up();
  return writing;
}

}  // namespace

std::unique_ptr<LocalStore> LocalStore::open(const StoreLocation& location,
                                             const LocalStoreOptions& options) {
  return with_context(
      [&] { return "while opening the store at '" + location.real_store.string() + "'"; },
      [&]() -> std::unique_ptr<LocalStore> {
        const bool fresh = ::access((location.state / "db/schema").c_str(), F_OK) != 0;
        if (fresh && options.read_only) {
          throw NotFoundError("there is no store at '" + location.real_store.string() + "'");
        }
        if (!options.read_only) {
          check_store_place(location);
          create_store_layout(location);
        }
        FileDescriptor big_lock = hold_big_lock(location, options.read_only);
        if (!fresh) check_store_schema(location);
        std::unique_ptr<StoreWriting> writing;
        if (!options.read_only) writing = open_for_writing(location, options, fresh);
        return std::make_unique<LocalStoreImplementation>(
            std::make_shared<OpenedStore>(location, std::move(big_lock), std::move(writing)));
      });
}

StoreWriting::StoreWriting(const StoreLocation& location, const LocalStoreOptions& options,
                           SqliteDatabase opened)
    : database(std::move(opened)),
      paths(database, location.store_dir),
      commits(database, commit_hooks(location, options)),
      staging(location),
      links(location) {}

OpenedStore::OpenedStore(const StoreLocation& at, FileDescriptor lock,
                         std::unique_ptr<StoreWriting> with)
    : location(at),
      big_lock(std::move(lock)),
      readers([at] { return PathReader(open_store_database_for_reading(at), at.store_dir); }),
      changes([at] { return open_store_database_for_reading(at); }),
      writing(std::move(with)) {}

LocalStoreImplementation::LocalStoreImplementation(std::shared_ptr<OpenedStore> opened)
    : opened_(std::move(opened)),
      location_(opened_->location),
      readers_(opened_->readers),
      roots_(location_) {}

std::unique_ptr<LocalStore> LocalStoreImplementation::session() {
  auto session = std::make_unique<LocalStoreImplementation>(opened_);
  session->optimise_additions(optimise_additions_);
  return session;
}

StoreWriting& LocalStoreImplementation::writing() const {
  if (!opened_->writing) {
    throw DeniedError("the store at '" + location_.real_store.string() + "' is open for reading");
  }
  return *opened_->writing;
}

TemporaryRoots& LocalStoreImplementation::roots() {
  writing();
  return roots_;
}

bool LocalStoreImplementation::is_valid(const StorePath& path) {
  return readers_.with_reader([&](PathReader& reader) { return reader.is_valid(path); });
}

std::set<StorePath> LocalStoreImplementation::valid_among(const std::set<StorePath>& paths) {
  return readers_.with_reader([&](PathReader& reader) { return reader.valid_among(paths); });
}

std::optional<PathInfo> LocalStoreImplementation::path_info(const StorePath& path) {
  return readers_.with_reader([&](PathReader& reader) { return reader.path_info(path); });
}

std::map<StorePath, PathInfo> LocalStoreImplementation::path_infos(
    const std::set<StorePath>& paths) {
  return readers_.with_reader([&](PathReader& reader) { return reader.path_infos(paths); });
}

std::optional<PathInfo> LocalStoreImplementation::path_info_of_hash_part(
    std::string_view hash_part) {
  return readers_.with_reader(
      [&](PathReader& reader) { return reader.path_info_of_hash_part(hash_part); });
}

std::uint64_t LocalStoreImplementation::changes() {
  return opened_->changes.now();
}

std::unique_ptr<NarStream> LocalStoreImplementation::open_nar(const StorePath& path) {
  if (!is_valid(path)) {
    throw NotFoundError("path '" + store_dir().print(path) + "' is not in " + describe());
  }
  return nar_from_tree(real_path(path));
}

std::size_t LocalStoreImplementation::add_signatures(const StorePath& path,
                                                     const std::vector<std::string>& signatures) {
  std::size_t added = 0;
  writing().commits.run([&] { added = writing().paths.add_signatures(path, signatures); });
  return added;
}

void LocalStoreImplementation::add(const PathInfo& info, NarStream& nar) {
  // What it says of itself is true elsewhere: here it was not built, and is registered now.
  PathInfo copied = info;
  copied.registration_time = 0;
  copied.ultimate = false;
  add_temporary_root(info.path);
  if (is_valid(info.path)) return;
  nar.read_with([&](Source& source) { add_nar(copied, source); });
}

std::vector<StorePath> LocalStoreImplementation::all_valid_paths() {
  return readers_.with_reader([](PathReader& reader) { return reader.all_valid_paths(); });
}

std::set<StorePath> LocalStoreImplementation::valid_derivers(const StorePath& path) {
  return readers_.with_reader([&](PathReader& reader) { return reader.valid_derivers(path); });
}

std::set<StorePath> LocalStoreImplementation::referrers(const StorePath& path) {
  return readers_.with_reader([&](PathReader& reader) { return reader.referrers(path); });
}

std::set<StorePath> LocalStoreImplementation::closure(const std::set<StorePath>& paths) {
  return readers_.with_reader([&](PathReader& reader) { return reader.closure(paths); });
}

std::vector<std::optional<std::uint64_t>> LocalStoreImplementation::closure_sizes(
    const std::vector<std::set<StorePath>>& groups) {
  return readers_.with_reader([&](PathReader& reader) { return reader.closure_sizes(groups); });
}

void LocalStoreImplementation::register_valid(std::vector<PathInfo> infos) {
  if (infos.empty()) return;
  for (const PathInfo& info : infos) check_content_address_claim(store_dir(), info);
  references_first(store_dir(), infos);  // there must be such an order
  const auto outputs = check_derivations(store_dir(), location_.real_store, infos);
  if (optimise_additions_) {
    for (const PathInfo& info : infos) writing().links.share_files_of(real_path(info.path));
  }
  const std::int64_t now = to_unix(SystemClock().now());
  with_context(
      [&] {
        return "while registering path '" + store_dir().print(infos.front().path) + "'" +
               (infos.size() == 1 ? std::string()
                                  : " and " + std::to_string(infos.size() - 1) + " more");
      },
      [&] { writing().commits.run([&] { writing().paths.put(infos, outputs, now); }); });
}

void LocalStoreImplementation::invalidate(const StorePath& path) {
  writing().commits.run([&] { writing().paths.remove(path); });
}

bool LocalStoreImplementation::keeps_realisations() {
  return has_realisation_tables(location_);
}

std::map<DrvOutput, Realisation> LocalStoreImplementation::realisations(
    const std::set<DrvOutput>& ids) {
  if (ids.empty() || !keeps_realisations()) return {};
  return readers_.with_reader([&](PathReader& reader) { return reader.realisations(ids); });
}

std::vector<Realisation> LocalStoreImplementation::realisations_of(const StorePath& path,
                                                                   std::size_t limit) {
  if (!keeps_realisations()) return {};
  return readers_.with_reader(
      [&](PathReader& reader) { return reader.realisations_of(path, limit); });
}

std::vector<RealisationConflict> LocalStoreImplementation::register_realisations(
    const std::vector<Realisation>& realisations) {
  std::vector<RealisationConflict> conflicts;
  if (realisations.empty()) return conflicts;
  put_realisations(realisations, conflicts);
  return conflicts;
}

void LocalStoreImplementation::keep_realisations() {
  std::vector<RealisationConflict> none;
  if (!keeps_realisations()) put_realisations({}, none);
}

void LocalStoreImplementation::put_realisations(const std::vector<Realisation>& realisations,
                                                std::vector<RealisationConflict>& conflicts) {
  const bool fresh = !keeps_realisations();
  writing().commits.run([&] {
    conflicts.clear();
    if (fresh) create_realisation_tables(writing().database);
    if (!writing().realisations) {
      writing().realisations.emplace(writing().database, store_dir());
    }
    for (const auto& realisation : realisations) {
      if (auto kept = writing().realisations->put(realisation)) {
        conflicts.push_back({realisation.id, std::move(*kept), realisation.out_path});
      }
    }
  });
  if (fresh) {
    fault_point("store.create.before-realisation-schema");
    mark_realisation_tables(location_);
  }
}

void LocalStoreImplementation::add_temporary_root(const StorePath& path) {
  roots().add({path});
}

void LocalStoreImplementation::add_temporary_roots(const std::set<StorePath>& paths) {
  roots().add(paths);
}

void LocalStoreImplementation::renew_temporary_roots(const std::set<StorePath>& paths) {
  roots().renew(paths);
}

void LocalStoreImplementation::add_indirect_root(const std::filesystem::path& link,
                                                 const StorePath& target) {
  writing();
  make_indirect_root(location_, link, target);
  roots().renew({target});
}

void LocalStoreImplementation::adopt_indirect_root(const std::filesystem::path& link) {
  writing();
  grange::adopt_indirect_root(location_, link);
  std::error_code error;
  const auto target = std::filesystem::read_symlink(link, error);
  if (error) return;
  if (auto path = object_at(location_, target.string())) roots().renew({*std::move(path)});
}

std::optional<PathLocks> LocalStoreImplementation::try_lock(const std::set<StorePath>& paths) {
  writing();
  return try_lock_paths(location_, paths);
}

PathLocks LocalStoreImplementation::lock(const std::set<StorePath>& paths, std::stop_token stop) {
  writing();
  return lock_paths(location_, paths, stop);
}

void LocalStoreImplementation::write_log(const StorePath& derivation, std::string_view log) {
  writing();
  write_build_log(location_, derivation, log);
}

std::optional<std::string> LocalStoreImplementation::read_log(const StorePath& derivation) {
  return read_build_log(location_, derivation);
}

std::vector<StoreProblem> LocalStoreImplementation::verify(bool check_contents,
                                                           std::stop_token stop) {
  return verify_store(*this, check_contents, stop);
}

}  // namespace grange
