#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "store/collection.h"
#include "store/store_schema.h"

namespace grange {
namespace {

using Node = LivenessGraph::Node;

LivenessGraph load_graph(const StoreLocation& location, const CollectionOptions& options) {
  SqliteDatabase database = open_store_database_for_reading(location);
  return LivenessGraph::load(database, location.store_dir, rules_of(options));
}

/// The roots that keep something valid, with the node that each is.
std::vector<std::pair<Node, StoreRoot>> valid_roots(const StoreLocation& location,
                                                    const LivenessGraph& graph) {
  std::vector<std::pair<Node, StoreRoot>> found;
  auto roots = find_roots(location, false);
  std::move(roots.temporary.begin(), roots.temporary.end(), std::back_inserter(roots.lasting));
  for (auto& root : roots.lasting) {
    const Node node = graph.find(root.path);
    if (node != LivenessGraph::kNone) found.emplace_back(node, std::move(root));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  return found;
}

/// Of many roots, one after the other: what was seen for which is remembered by a stamp per path.
class KeptCounter {
 public:
  explicit KeptCounter(const LivenessGraph& graph) : graph_(graph), seen_for_(graph.size()) {}

  RootReport count(Node root, StoreRoot described) {
    ++stamp_;
    RootReport report{std::move(described), 0, 0};
    std::vector<Node> pending{root};
    seen_for_[root] = stamp_;
    while (!pending.empty()) {
      const Node node = pending.back();
      pending.pop_back();
      ++report.paths;
      report.bytes += graph_.nar_size(node);
      graph_.for_each_kept(node, [&](Node kept) {
        if (std::exchange(seen_for_[kept], stamp_) != stamp_) pending.push_back(kept);
      });
    }
    return report;
  }

 private:
  const LivenessGraph& graph_;
  std::vector<std::uint32_t> seen_for_;
  std::uint32_t stamp_ = 0;
};

}  // namespace

LivenessRules rules_of(const CollectionOptions& options) {
  return {options.keep_derivations, options.keep_outputs};
}

FoundRoots find_roots(const StoreLocation& location, bool remove_stale) {
  FoundRoots roots;
  // In this order: who makes his root permanent and ends is seen the one way or the other.
  roots.temporary = read_temporary_roots(location, remove_stale);
  roots.lasting = find_permanent_roots(location, remove_stale);
  auto running = find_runtime_roots(location);
  std::move(running.begin(), running.end(), std::back_inserter(roots.lasting));
  return roots;
}

void mark_roots(const LivenessGraph& graph, const FoundRoots& roots,
                const CollectionOptions& options, Liveness& liveness) {
  const auto mark = [&](const StorePath& path) {
    const Node node = graph.find(path);
    if (node != LivenessGraph::kNone) liveness.mark(node);
  };
  for (const auto& root : roots.lasting) mark(root.path);
  for (const auto& path : options.further_roots) mark(path);
  for (const auto& root : roots.temporary) {
    for (const Node node : graph.with_digest(root.path.hash_part())) liveness.mark(node);
  }
}

CollectionResult preview_collection(const StoreLocation& location,
                                    const CollectionOptions& options) {
  const auto roots = find_roots(location, false);
  const auto graph = load_graph(location, options);
  Liveness liveness(graph);
  mark_roots(graph, roots, options, liveness);
  std::unordered_set<std::string> digests;
  for (const auto& root : roots.temporary) digests.emplace(root.path.hash_part());
  CollectionResult result;
  const auto over = [&] { return options.max_freed && result.bytes_freed >= *options.max_freed; };
  for (const Node node : liveness.dead_referrers_first()) {
    if (over()) break;
    result.names.push_back(graph.path(node).base_name());
    result.bytes_freed += graph.nar_size(node);
  }
  for (auto& name : list_unknown_names(location, graph)) {
    if (over()) break;
    if (digests.contains(digest_of_name(name)) || is_busy_name(location, name)) continue;
    result.names.push_back(std::move(name));
  }
  result.paths = result.names.size();
  return result;
}

std::vector<RootReport> report_roots(LocalStore& store, const CollectionOptions& options) {
  const auto graph = load_graph(store.location(), options);
  KeptCounter counter(graph);
  std::vector<RootReport> reports;
  for (auto& [node, root] : valid_roots(store.location(), graph)) {
    reports.push_back(counter.count(node, std::move(root)));
  }
  return reports;
}

RootWay why_kept(LocalStore& store, const StorePath& path, const CollectionOptions& options) {
  const auto graph = load_graph(store.location(), options);
  const Node target = graph.find(path);
  if (target == LivenessGraph::kNone) {
    throw NotFoundError("path '" + store.store_dir().print(path) + "' is not valid");
  }
  const auto roots = valid_roots(store.location(), graph);
  std::vector<Node> nodes;
  for (const auto& [node, root] : roots) nodes.push_back(node);
  RootWay answer;
  for (const Node node : why_alive(graph, nodes, target)) answer.way.push_back(graph.path(node));
  if (answer.way.empty()) return answer;
  const auto first = std::find_if(roots.begin(), roots.end(), [&](const auto& root) {
    return root.second.path == answer.way.front();
  });
  answer.origin = first->second.origin;
  return answer;
}

}  // namespace grange
