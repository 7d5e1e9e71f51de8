#include "store/liveness.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"

namespace grange {

/// Reads the tables one after the other; edges become lists per node at the end.
struct LivenessGraph::Loader {
  using Edges = std::vector<std::pair<Node, Node>>;

  Loader(SqliteDatabase& from, const StoreDir& dir) : database(from), store(dir) {}

  void load_paths() {
    struct Row {
      std::int64_t id;
      StorePath path;
      std::string deriver;
      std::uint64_t nar_size;
    };
    std::vector<Row> rows;
    auto statement = database.prepare("select id, path, deriver, narSize from ValidPaths");
    while (statement.step()) {
      auto path = store.try_parse_path(statement.text(1));
      if (!path) {
        throw CorruptError("the store's database holds '" + printable(statement.text(1)) +
                           "', which is no path of '" + store.str() + "'");
      }
      rows.push_back({statement.integer(0), std::move(*path), std::string(statement.text(2)),
                      static_cast<std::uint64_t>(std::max<std::int64_t>(0, statement.integer(3)))});
    }
    std::sort(rows.begin(), rows.end(),
              [](const Row& left, const Row& right) { return left.path < right.path; });
    by_id.reserve(rows.size());
    for (Row& row : rows) {
      by_id.emplace(row.id, static_cast<Node>(graph.paths_.size()));
      graph.paths_.push_back(std::move(row.path));
      graph.rows_.push_back(row.id);
      graph.nar_sizes_.push_back(row.nar_size);
    }
    for (const Row& row : rows) {
      const auto deriver = store.try_parse_path(row.deriver);
      derivers.push_back(deriver ? graph.find(*deriver) : kNone);
    }
  }

  void load_references() {
    auto statement = database.prepare("select referrer, reference from Refs");
    while (statement.step()) {
      const Node referrer = node_of(statement.integer(0));
      const Node reference = node_of(statement.integer(1));
      if (referrer != kNone && reference != kNone && referrer != reference) {
        references.emplace_back(referrer, reference);
      }
    }
  }

  /// Which outputs count as a derivation's own: those that it names. What a derivation makes whose
  /// outputs are not known beforehand is known by the deriver alone.
  void add_rules(const LivenessRules& rules) {
    if (!rules.keep_derivations && !rules.keep_outputs) return;
    std::vector<bool> names_outputs(graph.size());
    auto statement = database.prepare("select drv, path from DerivationOutputs");
    while (statement.step()) {
      const Node derivation = node_of(statement.integer(0));
      if (derivation == kNone) continue;
      names_outputs[derivation] = true;
      const auto path = store.try_parse_path(statement.text(1));
      const Node output = path ? graph.find(*path) : kNone;
      if (output == kNone) continue;
      if (rules.keep_outputs) by_rules.emplace_back(derivation, output);
      if (rules.keep_derivations && derivers[output] == derivation) {
        by_rules.emplace_back(output, derivation);
      }
    }
    for (Node output = 0; output < graph.size(); ++output) {
      const Node derivation = derivers[output];
      if (derivation == kNone || names_outputs[derivation]) continue;
      if (rules.keep_derivations) by_rules.emplace_back(output, derivation);
      if (rules.keep_outputs) by_rules.emplace_back(derivation, output);
    }
  }

  LivenessGraph finish() {
    std::sort(references.begin(), references.end());
    std::sort(by_rules.begin(), by_rules.end());
    auto reference = references.begin();
    auto rule = by_rules.begin();
    graph.kept_.reserve(references.size() + by_rules.size());
    for (Node node = 0; node < graph.size(); ++node) {
      graph.starts_.push_back(graph.kept_.size());
      for (; reference != references.end() && reference->first == node; ++reference) {
        graph.kept_.push_back(reference->second);
      }
      graph.references_end_.push_back(graph.kept_.size());
      for (; rule != by_rules.end() && rule->first == node; ++rule) {
        graph.kept_.push_back(rule->second);
      }
    }
    graph.starts_.push_back(graph.kept_.size());
    return std::move(graph);
  }

  Node node_of(std::int64_t id) const {
    const auto found = by_id.find(id);
    return found == by_id.end() ? kNone : found->second;
  }

  SqliteDatabase& database;
  const StoreDir& store;
  LivenessGraph graph;
  std::unordered_map<std::int64_t, Node> by_id;
  std::vector<Node> derivers;
  Edges references;
  Edges by_rules;
};

LivenessGraph LivenessGraph::load(SqliteDatabase& database, const StoreDir& store,
                                  const LivenessRules& rules) {
  Loader loader(database, store);
  database.execute("BEGIN");
  try {
    loader.load_paths();
    loader.load_references();
    loader.add_rules(rules);
  } catch (...) {
    database.execute("ROLLBACK");
    throw;
  }
  database.execute("COMMIT");
  return loader.finish();
}

LivenessGraph::Node LivenessGraph::find(const StorePath& path) const {
  const auto found = std::lower_bound(paths_.begin(), paths_.end(), path);
  if (found == paths_.end() || *found != path) return kNone;
  return static_cast<Node>(found - paths_.begin());
}

std::vector<LivenessGraph::Node> LivenessGraph::with_digest(std::string_view digest) const {
  auto found = std::lower_bound(
      paths_.begin(), paths_.end(), digest,
      [](const StorePath& path, std::string_view text) { return path.hash_part() < text; });
  std::vector<Node> nodes;
  for (; found != paths_.end() && found->hash_part() == digest; ++found) {
    nodes.push_back(static_cast<Node>(found - paths_.begin()));
  }
  return nodes;
}

void Liveness::mark(LivenessGraph::Node node) {
  if (alive_[node]) return;
  alive_[node] = true;
  std::vector<LivenessGraph::Node> pending{node};
  while (!pending.empty()) {
    const auto next = pending.back();
    pending.pop_back();
    graph_.for_each_kept(next, [&](LivenessGraph::Node kept) {
      if (alive_[kept]) return;
      alive_[kept] = true;
      pending.push_back(kept);
    });
  }
}

std::vector<LivenessGraph::Node> Liveness::dead_referrers_first() const {
  const auto count = static_cast<LivenessGraph::Node>(graph_.size());
  std::vector<std::uint32_t> referrers(count);
  for (LivenessGraph::Node node = 0; node < count; ++node) {
    if (alive_[node]) continue;
    graph_.for_each_reference(node, [&](LivenessGraph::Node kept) { ++referrers[kept]; });
  }
  std::vector<LivenessGraph::Node> order;
  for (LivenessGraph::Node node = 0; node < count; ++node) {
    if (!alive_[node] && referrers[node] == 0) order.push_back(node);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    graph_.for_each_reference(order[i], [&](LivenessGraph::Node kept) {
      if (--referrers[kept] == 0 && !alive_[kept]) order.push_back(kept);
    });
  }
  return order;
}

std::vector<LivenessGraph::Node> why_alive(const LivenessGraph& graph,
                                           const std::vector<LivenessGraph::Node>& roots,
                                           LivenessGraph::Node target) {
  using GraphNode = LivenessGraph::Node;
  std::vector<GraphNode> from(graph.size(), LivenessGraph::kNone);
  std::vector<GraphNode> order;
  for (const GraphNode root : roots) {
    if (from[root] != LivenessGraph::kNone) continue;
    from[root] = root;
    order.push_back(root);
  }
  for (std::size_t i = 0; i < order.size() && from[target] == LivenessGraph::kNone; ++i) {
    graph.for_each_kept(order[i], [&](GraphNode kept) {
      if (from[kept] != LivenessGraph::kNone) return;
      from[kept] = order[i];
      order.push_back(kept);
    });
  }
  if (from[target] == LivenessGraph::kNone) return {};
  std::vector<GraphNode> way{target};
  while (from[way.back()] != way.back()) way.push_back(from[way.back()]);
  std::reverse(way.begin(), way.end());
  return way;
}

}  // namespace grange
