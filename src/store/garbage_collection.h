#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "store/gc_roots.h"
#include "store/local_store.h"

namespace grange {

struct CollectionOptions {
  bool dry_run = false;          ///< says what would go and changes nothing
  bool keep_derivations = true;  ///< of outputs that are alive
  bool keep_outputs = false;     ///< of derivations that are alive
  /// Stop once so many bytes are free.
  std::optional<std::uint64_t> max_freed;
  /// Kept as if they were roots.
  std::set<StorePath> further_roots;
  unsigned threads = 0;  ///< that remove files; 0: removal_threads()
  // As LocalStoreOptions has them. With `sync` a power cut leaves no valid path without its files.
  bool sync = false;
  bool fast_metadata = false;
  /// Another collector is waited for; otherwise there is then nothing to do.
  bool wait = true;
};

/// What a collection came to.
struct CollectionResult {
  /// With `dry_run`: what would go, valid paths (referrers first), then other names.
  std::vector<std::string> names;
  std::uint64_t paths = 0;  ///< valid paths and other names that went
  std::uint64_t bytes_freed = 0;
  std::uint64_t links_removed = 0;    ///< of `.links`, because no path has that content any more
  bool stopped = false;               ///< by its stop token
  bool skipped = false;               ///< another collector was at work
  std::vector<std::string> problems;  ///< what could not be removed, and why
};

/// Deletes whatever no root keeps: rows first, a batch per transaction, then files, so that a crash
/// leaves only unknown names, which the next collection removes. Holds gc.lock alone and answers on
/// Nix's gc-socket, so that processes go on adding roots meanwhile. Throws DeniedError for a root
/// that cannot be read, UnavailableError, CancelledError while waiting for another collector.
CollectionResult collect_garbage(LocalStore& store, const CollectionOptions& options,
                                 const std::stop_token& stop);

/// Deletes exactly these, valid or not, if nothing else keeps any of them. Throws ConflictError,
/// before anything is deleted, that says what keeps one; NotFoundError for what is not there.
CollectionResult delete_paths(LocalStore& store, const std::set<StorePath>& paths,
                              const CollectionOptions& options, const std::stop_token& stop);

/// A root, and what is valid because of it.
struct RootReport {
  StoreRoot root;
  std::uint64_t paths = 0;  ///< that it keeps, itself included
  std::uint64_t bytes = 0;  ///< their NAR sizes
};
/// All roots of valid paths, permanent, temporary and of running processes, by path.
std::vector<RootReport> report_roots(LocalStore& store, const CollectionOptions& options);

/// From a root to a path, each step because the one before it keeps the next; no path when nothing
/// keeps it.
struct RootWay {
  std::string origin;
  std::vector<StorePath> way;
};
/// Throws NotFoundError when `path` is not valid.
RootWay why_kept(LocalStore& store, const StorePath& path, const CollectionOptions& options);

}  // namespace grange
