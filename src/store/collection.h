#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "store/deletion_gate.h"
#include "store/file_removal.h"
#include "store/garbage_collection.h"
#include "store/liveness.h"
#include "store/root_server.h"
#include "store/row_removal.h"

namespace grange {

/// gc.lock, held alone; nothing when another holds it and `wait` is false. Throws CancelledError.
std::optional<FileDescriptor> lock_collector(const StoreLocation& location, bool wait,
                                             const std::stop_token& stop);

/// Everything that was a root at one moment. What processes add later, the gate knows.
struct FoundRoots {
  std::vector<StoreRoot> lasting;    ///< permanent ones, and what running processes use
  std::vector<StoreRoot> temporary;  ///< these protect everything with their digest
};
FoundRoots find_roots(const StoreLocation& location, bool remove_stale);

LivenessRules rules_of(const CollectionOptions& options);
/// Marks what these roots and the options' further ones keep.
void mark_roots(const LivenessGraph& graph, const FoundRoots& roots,
                const CollectionOptions& options, Liveness& liveness);
/// What a collection would delete now. Takes no lock and changes nothing.
CollectionResult preview_collection(const StoreLocation& location,
                                    const CollectionOptions& options);

/// The rows and files of one deletion, whoever chose what is to go. The caller holds gc.lock alone.
class Deletion {
 public:
  Deletion(const StoreLocation& location, const CollectionOptions& options,
           const LivenessGraph& graph, Liveness& liveness, RowRemoval& rows, DeletionGate& gate,
           const std::stop_token& stop);

  /// Deletes paths, which come after all that refers to them. What has become a root, or is
  /// referred to anew, stays with all that it keeps.
  void delete_valid(const std::vector<LivenessGraph::Node>& nodes);
  /// Deletes entries of the store directory that are no valid paths.
  void delete_unknown(const std::vector<std::string>& names);
  /// Waits for all of it, tidies `.links`, and tells.
  CollectionResult finish();

 private:
  struct Batch {
    std::vector<LivenessGraph::Node> nodes;
    std::vector<std::int64_t> rows;
    std::uint64_t nar_bytes = 0;
  };
  bool is_over();
  std::uint64_t bytes_left();
  void add_to_batch(Batch& batch, LivenessGraph::Node node);
  void delete_batch(const Batch& batch);
  bool may_delete_unknown(const std::string& name);

  const StoreLocation& location_;
  const CollectionOptions& options_;
  const LivenessGraph& graph_;
  Liveness& liveness_;
  RowRemoval& rows_;
  DeletionGate& gate_;
  const std::stop_token& stop_;
  const bool has_links_;  ///< files may have one more name, in .links
  std::uint64_t paths_ = 0;
  FileRemoval files_;
};

/// The names in the store directory that are not valid paths; Nix's own `.links` is left out.
std::vector<std::string> list_unknown_names(const StoreLocation& location,
                                            const LivenessGraph& graph);

/// Is it in use by somebody who does not root what he makes: a lock file or directory that is
/// locked, or a link that is just being made?
bool is_busy_name(const StoreLocation& location, const std::string& name);

}  // namespace grange
