#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "derivation/base_name_table.h"
#include "derivation/derivation_graph.h"
#include "derivation/flat_arena.h"

namespace grange {

/// What a graph is made of: flat arrays, filled by GraphLoader.
struct GraphData {
  explicit GraphData(const StoreDir& dir) : store(dir) {}

  struct Output {
    std::string_view name;
    bool path_known = false;
    std::array<char, StorePath::kHashLength> path_hash{};  ///< its name follows from the names
  };

  struct Node {
    std::string_view base_name;
    std::string_view problem;
    std::span<DerivationGraph::Edge> inputs;
    std::span<Output> outputs;
    Sha256 hash_modulo{};  ///< masked
    Sha256 output_set{};
    DerivationIndex broken_input = 0;
    std::uint32_t system = 0;  ///< in `systems`
    DerivationGraph::State state = DerivationGraph::State::missing;
    DerivationKind kind = DerivationKind::deferred;
    bool may_need_features = false;
    bool has_broken_input = false;
    bool has_hash_modulo = false;
    bool has_output_set = false;
  };

  /// What is needed of a node by those that come to use it.
  struct Grown {
    Sha256 unmasked{};
    bool paths_unknown = false;
    bool outputs_opaque = false;
  };

  static std::string_view derivation_name(const Node& node) {
    return node.base_name.substr(StorePath::kHashLength + 1,
                                 node.base_name.size() - StorePath::kHashLength - 5);
  }

  StoreDir store;
  std::vector<Node> nodes;
  std::vector<Grown> grown;  ///< by node, where the graph may grow; else empty
  std::vector<DerivationIndex> topological_order;
  BaseNameTable table;
  std::vector<std::string_view> names;    ///< output names used of inputs; the first is "out"
  std::vector<std::string_view> systems;  ///< the first is empty, of what is unreadable
  FlatArena<char> texts;
  FlatArena<DerivationGraph::Edge> edges;
  FlatArena<Output> outputs;
};

}  // namespace grange
