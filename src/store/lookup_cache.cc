#include "store/lookup_cache.h"

#include "base/error.h"
#include "base/file.h"
#include "database/read_transaction.h"

namespace grange {
namespace {

constexpr std::int64_t kLookupSchema = 1;
constexpr std::int64_t kDay = 24 * 3600;
constexpr std::string_view kCacheInfoKey = "nix-cache-info";

SqliteDatabase open_lookup_database(const std::filesystem::path& file) {
  grange::create_directories(file.parent_path(), 0700);
  SqliteOptions options;
  options.busy_timeout = std::chrono::seconds(10);
  SqliteDatabase database(file, options);
  SqliteTransaction transaction(database);
  std::int64_t schema = 0;
  {
    auto version = database.prepare("PRAGMA user_version");
    if (version.step()) schema = version.integer(0);
  }
  if (schema != 0 && schema != kLookupSchema) {
    throw CorruptError("'" + file.string() + "' has another schema");
  }
  database.execute(
      "CREATE TABLE IF NOT EXISTS Caches (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);"
      "CREATE TABLE IF NOT EXISTS Lookups (cache INTEGER NOT NULL, key TEXT NOT NULL, content TEXT,"
      " lookedUp INTEGER NOT NULL, PRIMARY KEY (cache, key)) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS Purges (at INTEGER NOT NULL);"
      "PRAGMA user_version = " +
      std::to_string(kLookupSchema));
  transaction.commit();
  return database;
}

void remove_database(const std::filesystem::path& file) {
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(file.string() + suffix, ignored);
  }
}

}  // namespace

LookupCache::LookupCache(LookupCacheOptions options, std::shared_ptr<const Clock> clock,
                         std::function<void(const std::string&)> warn)
    : options_(std::move(options)), clock_(std::move(clock)), warn_(std::move(warn)) {}

bool LookupCache::is_lookup(std::string_view key) {
  return key.ends_with(".narinfo") || key.ends_with(".doi") || key == kCacheInfoKey;
}

void LookupCache::with_database(const std::function<void(SqliteDatabase&)>& use) {
  const MutexLock lock(mutex_);
  for (bool again = true; !given_up_;) {
    try {
      if (!database_) open();
      use(*database_);
      return;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::corrupt && again) {
        again = false;
        database_.reset();
        remove_database(options_.file);
        continue;
      }
      given_up_ = true;
      database_.reset();
      if (warn_) warn_(std::string("look-ups are not remembered: ") + error.what());
    }
  }
}

void LookupCache::open() {
  database_.emplace(open_lookup_database(options_.file));
  purge();
}

void LookupCache::purge() {
  const auto now = to_unix(clock_->now());
  {
    auto last = database_->prepare("SELECT max(at) FROM Purges");
    if (last.step() && !last.is_null(0) && last.integer(0) <= now && now - last.integer(0) < kDay) {
      return;
    }
  }
  SqliteTransaction transaction(*database_);
  auto old = database_->prepare("DELETE FROM Lookups WHERE lookedUp < ? OR lookedUp > ?");
  old.bind(1, now - options_.positive.count()).bind(2, now + kDay).run();
  auto absent = database_->prepare("DELETE FROM Lookups WHERE content IS NULL AND lookedUp < ?");
  absent.bind(1, now - options_.negative.count()).run();
  database_->execute("DELETE FROM Purges");
  auto purged = database_->prepare("INSERT INTO Purges VALUES (?)");
  purged.bind(1, now).run();
  transaction.commit();
}

bool LookupCache::is_fresh(const std::string& key, bool present, std::int64_t looked_up) const {
  const auto lasts = key == kCacheInfoKey ? options_.cache_info
                     : present            ? options_.positive
                                          : options_.negative;
  const auto age = to_unix(clock_->now()) - looked_up;
  return age >= 0 && age < lasts.count();
}

std::int64_t LookupCache::id_of(SqliteDatabase& database, const std::string& cache, bool create) {
  if (create) {
    auto insert = database.prepare("INSERT OR IGNORE INTO Caches (name) VALUES (?)");
    insert.bind(1, cache).run();
  }
  auto select = database.prepare("SELECT id FROM Caches WHERE name = ?");
  select.bind(1, cache);
  return select.step() ? select.integer(0) : 0;
}

std::vector<std::optional<LookupCache::Answer>> LookupCache::find(
    const std::string& cache, const std::vector<std::string>& keys) {
  std::vector<std::optional<Answer>> answers(keys.size());
  with_database([&](SqliteDatabase& database) {
    const ReadTransaction transaction(database);
    const auto id = id_of(database, cache, false);
    if (id == 0) return;
    auto select =
        database.prepare("SELECT content, lookedUp FROM Lookups WHERE cache = ? AND key = ?");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      select.bind(1, id).bind(2, keys[i]);
      if (select.step() && is_fresh(keys[i], !select.is_null(0), select.integer(1))) {
        answers[i] = select.is_null(0) ? Answer() : Answer(select.text(0));
      }
      select.reset();
    }
  });
  return answers;
}

void LookupCache::remember(const std::string& cache,
                           const std::vector<std::pair<std::string, Answer>>& answers) {
  if (answers.empty()) return;
  with_database([&](SqliteDatabase& database) {
    SqliteTransaction transaction(database);
    const auto id = id_of(database, cache, true);
    const auto now = to_unix(clock_->now());
    auto insert = database.prepare("INSERT OR REPLACE INTO Lookups VALUES (?, ?, ?, ?)");
    for (const auto& [key, content] : answers) {
      insert.bind(1, id).bind(2, key).bind_optional(3, content).bind(4, now).run();
    }
    transaction.commit();
  });
}

void LookupCache::forget(const std::string& cache, const std::string& key) {
  with_database([&](SqliteDatabase& database) {
    auto remove = database.prepare(
        "DELETE FROM Lookups WHERE key = ? AND cache = (SELECT id FROM Caches WHERE name = ?)");
    remove.bind(1, key).bind(2, cache).run();
  });
}

}  // namespace grange
