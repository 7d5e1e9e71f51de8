#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "database/sqlite.h"
#include "derivation/store_path.h"

namespace grange {

/// What keeps what, beside references.
struct LivenessRules {
  bool keep_derivations = true;  ///< an output keeps the derivation that made it
  bool keep_outputs = false;     ///< a derivation keeps its outputs
};

/// All valid paths of one moment and what each keeps, read in bulk and held in memory (about 200
/// bytes per path). Immutable once loaded.
class LivenessGraph {
 public:
  using Node = std::uint32_t;
  static constexpr Node kNone = std::numeric_limits<Node>::max();

  /// In one read transaction. Throws CorruptError for a row that holds no path of this store.
  static LivenessGraph load(SqliteDatabase& database, const StoreDir& store,
                            const LivenessRules& rules);

  std::size_t size() const { return paths_.size(); }
  const StorePath& path(Node node) const { return paths_[node]; }
  std::int64_t row(Node node) const { return rows_[node]; }
  std::uint64_t nar_size(Node node) const { return nar_sizes_[node]; }
  /// kNone when it is not valid.
  Node find(const StorePath& path) const;
  /// Every path with this digest: one, or by malice more.
  std::vector<Node> with_digest(std::string_view digest) const;

  template <typename Visit>
  void for_each_kept(Node node, Visit&& visit) const {
    for (std::size_t i = starts_[node]; i < starts_[node + 1]; ++i) visit(kept_[i]);
  }
  template <typename Visit>
  void for_each_reference(Node node, Visit&& visit) const {
    for (std::size_t i = starts_[node]; i < references_end_[node]; ++i) visit(kept_[i]);
  }

 private:
  struct Loader;
  std::vector<StorePath> paths_;  ///< sorted
  std::vector<std::int64_t> rows_;
  std::vector<std::uint64_t> nar_sizes_;
  std::vector<std::size_t> starts_;  ///< into kept_
  std::vector<std::size_t>
      references_end_;  ///< where references end, and what the rules add begins
  std::vector<Node> kept_;
};

/// Which paths are alive: what was marked, and all that it keeps.
class Liveness {
 public:
  explicit Liveness(const LivenessGraph& graph) : graph_(graph), alive_(graph.size()) {}
  void mark(LivenessGraph::Node node);
  bool alive(LivenessGraph::Node node) const { return alive_[node]; }
  /// Everything else, each after all that refers to it.
  std::vector<LivenessGraph::Node> dead_referrers_first() const;

 private:
  const LivenessGraph& graph_;
  std::vector<bool> alive_;
};

/// The shortest way from one of `roots` to `target` along what keeps what, both included; empty
/// when nothing keeps it.
std::vector<LivenessGraph::Node> why_alive(const LivenessGraph& graph,
                                           const std::vector<LivenessGraph::Node>& roots,
                                           LivenessGraph::Node target);

}  // namespace grange
