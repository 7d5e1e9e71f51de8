#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "database/sqlite.h"
#include "store/storage.h"

namespace grange {

struct LookupCacheOptions {
  std::filesystem::path file;
  /// How long it is believed that something is there, and that it is not. 0: not at all.
  std::chrono::seconds positive = std::chrono::hours(30 * 24);
  std::chrono::seconds negative = std::chrono::hours(1);
  /// The same for what a binary cache says of itself (nix-cache-info).
  std::chrono::seconds cache_info = std::chrono::hours(7 * 24);
};

/// Remembers from run to run what distant caches answered: small objects as they were read, and
/// that there was none. What is remembered is checked like what is read: it needs no trust. Several
/// processes may use one file at once. Thread safe.
///
/// Where the file cannot be used, `warn` hears so once, and nothing is known; a broken one is begun
/// anew.
class LookupCache {
 public:
  /// The content, or nothing where there was no such object.
  using Answer = std::optional<std::string>;

  /// The file is opened, and made where it is not there, when it is first asked.
  LookupCache(LookupCacheOptions options, std::shared_ptr<const Clock> clock,
              std::function<void(const std::string& problem)> warn);

  /// What is known of these objects of a cache, in the order of `keys`; nothing: not known, or too
  /// long ago.
  std::vector<std::optional<Answer>> find(const std::string& cache,
                                          const std::vector<std::string>& keys);
  /// All in one transaction.
  void remember(const std::string& cache,
                const std::vector<std::pair<std::string, Answer>>& answers);
  void forget(const std::string& cache, const std::string& key);

  /// Is it of such a kind: a narinfo, a realisation, nix-cache-info?
  static bool is_lookup(std::string_view key);

 private:
  void with_database(const std::function<void(SqliteDatabase&)>& use);
  void open() REQUIRES(mutex_);
  void purge() REQUIRES(mutex_);
  bool is_fresh(const std::string& key, bool present, std::int64_t looked_up) const;
  std::int64_t id_of(SqliteDatabase& database, const std::string& cache, bool create);

  const LookupCacheOptions options_;
  const std::shared_ptr<const Clock> clock_;
  const std::function<void(const std::string&)> warn_;
  Mutex mutex_;
  std::optional<SqliteDatabase> database_ GUARDED_BY(mutex_);
  bool given_up_ GUARDED_BY(mutex_) = false;
};

/// A storage whose look-ups are remembered. What is written through it is remembered, too;
/// `believe`: what is remembered is an answer. Who writes must not believe it: a reference that was
/// there once may be gone.
std::unique_ptr<Storage> remember_lookups(std::unique_ptr<Storage> storage,
                                          std::shared_ptr<LookupCache> lookups, bool believe);

}  // namespace grange
