#include "store/collection.h"

#include <cerrno>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store_layout.h"
#include "store/store_schema.h"

namespace grange {
namespace {

using Node = LivenessGraph::Node;

/// One collection: the lock, the roots, what is valid, and what of it is alive. The order counts.
/// With the lock held no root is added that we do not hear of; temporary roots are read before the
/// database, so that what a process registered before it ended is seen as valid.
class Collection {
 public:
  Collection(LocalStore& store, const CollectionOptions& options, const std::stop_token& stop,
             FileDescriptor lock)
      : location_(store.location()),
        options_(options),
        stop_(stop),
        lock_(std::move(lock)),
        reserve_(location_),
        server_(location_, gate_),
        roots_(find_all_roots()),
        rows_(open_store_database(location_, database_options(options), false)),
        graph_(LivenessGraph::load(rows_.database(), location_.store_dir, rules_of(options))),
        liveness_(graph_) {
    mark_roots(graph_, roots_, options, liveness_);
  }

  CollectionResult collect() {
    const auto unknown = list_unknown_names(location_, graph_);
    Deletion deletion(location_, options_, graph_, liveness_, rows_, gate_, stop_);
    deletion.delete_valid(liveness_.dead_referrers_first());
    deletion.delete_unknown(unknown);
    return deletion.finish();
  }

  CollectionResult delete_exactly(const std::set<StorePath>& paths) {
    std::vector<std::string> unknown;
    std::vector<bool> chosen(graph_.size());
    for (const auto& path : paths) {
      const Node node = graph_.find(path);
      if (node != LivenessGraph::kNone) {
        chosen[node] = true;
      } else {
        check_present(path);
        unknown.push_back(path.base_name());
      }
    }
    check_nothing_needs(chosen);
    std::vector<Node> nodes;
    for (const Node node : liveness_.dead_referrers_first()) {
      if (chosen[node]) nodes.push_back(node);
    }
    Deletion deletion(location_, options_, graph_, liveness_, rows_, gate_, stop_);
    deletion.delete_valid(nodes);
    deletion.delete_unknown(unknown);
    auto result = deletion.finish();
    if (result.paths < paths.size() && result.problems.empty() && !result.stopped) {
      result.problems.emplace_back("some of the paths came into use meanwhile, and stay");
    }
    return result;
  }

 private:
  /// Space that a full disk has left for the database, as long as we run.
  class Reserve {
   public:
    explicit Reserve(const StoreLocation& location) : location_(location) {
      ::unlink((location.state / "db/reserved").c_str());
    }
    ~Reserve() {
      try {
        reserve_space(location_);
      } catch (const std::exception&) {  // the next who opens the store tries again
      }
    }
    Reserve(const Reserve&) = delete;
    Reserve& operator=(const Reserve&) = delete;

   private:
    const StoreLocation& location_;
  };

  static LocalStoreOptions database_options(const CollectionOptions& options) {
    LocalStoreOptions durable;
    durable.fast_metadata = options.fast_metadata;
    durable.sync = options.sync;
    return durable;
  }

  FoundRoots find_all_roots() {
    auto roots = find_roots(location_, true);
    for (const auto& root : roots.temporary) gate_.protect(root.path.hash_part());
    return roots;
  }

  void check_present(const StorePath& path) const {
    struct stat status {};
    if (::lstat((location_.real_store / path.base_name()).c_str(), &status) == 0) return;
    if (errno != ENOENT) throw_errno("looking at", path.base_name());
    throw NotFoundError("path '" + location_.store_dir.print(path) + "' is not in the store");
  }

  void check_nothing_needs(const std::vector<bool>& chosen) {
    for (Node node = 0; node < graph_.size(); ++node) {
      if (chosen[node]) {
        if (liveness_.alive(node)) {
          throw ConflictError("cannot delete '" + location_.store_dir.print(graph_.path(node)) +
                              "', which is alive; to find out why, use: grange store roots --why");
        }
        continue;
      }
      graph_.for_each_kept(node, [&](Node kept) {
        if (!chosen[kept]) return;
        throw ConflictError("cannot delete '" + location_.store_dir.print(graph_.path(kept)) +
                            "', which '" + location_.store_dir.print(graph_.path(node)) +
                            "' needs, and that is not to be deleted");
      });
    }
  }

  const StoreLocation& location_;
  const CollectionOptions& options_;
  const std::stop_token& stop_;
  FileDescriptor lock_;  ///< given up last
  Reserve reserve_;
  DeletionGate gate_;
  RootServer server_;
  FoundRoots roots_;
  RowRemoval rows_;
  LivenessGraph graph_;
  Liveness liveness_;
};

}  // namespace

CollectionResult collect_garbage(LocalStore& store, const CollectionOptions& options,
                                 const std::stop_token& stop) {
  return with_context(
      [&] { return "while collecting garbage in '" + store.location().real_store.string() + "'"; },
      [&] {
        if (options.dry_run) return preview_collection(store.location(), options);
        auto lock = lock_collector(store.location(), options.wait, stop);
        if (lock) return Collection(store, options, stop, std::move(*lock)).collect();
        CollectionResult result;
        result.skipped = true;
        return result;
      });
}

CollectionResult delete_paths(LocalStore& store, const std::set<StorePath>& paths,
                              const CollectionOptions& options, const std::stop_token& stop) {
  auto lock = lock_collector(store.location(), true, stop);
  return Collection(store, options, stop, std::move(*lock)).delete_exactly(paths);
}

}  // namespace grange
