#include "derivation/derivation_graph.h"

#include <algorithm>

#include "base/check.h"
#include "derivation/graph_data.h"
#include "derivation/graph_loader.h"

namespace grange {

DerivationGraph::DerivationGraph(std::unique_ptr<GraphData> data) : data_(std::move(data)) {}
DerivationGraph::~DerivationGraph() = default;
DerivationGraph::DerivationGraph(DerivationGraph&&) noexcept = default;
DerivationGraph& DerivationGraph::operator=(DerivationGraph&&) noexcept = default;

DerivationGraph DerivationGraph::load(const StoreDir& store, std::span<const StorePath> roots,
                                      const DerivationReader& reader, const GraphOptions& options) {
  auto data = std::make_unique<GraphData>(store);
  GraphLoader(*data, reader, options).load(roots);
  return DerivationGraph(std::move(data));
}

void DerivationGraph::extend(std::span<const StorePath> roots, const DerivationReader& reader,
                             const GraphOptions& options) {
  GRANGE_CHECK(data_->grown.size() == data_->nodes.size());
  std::vector<StorePath> fresh;
  for (const auto& root : roots) {
    if (!find(root)) fresh.push_back(root);
  }
  if (fresh.empty()) return;
  auto growing = options;
  growing.may_grow = true;
  GraphLoader(*data_, reader, growing).load(fresh);
}

const StoreDir& DerivationGraph::store_dir() const {
  return data_->store;
}

std::size_t DerivationGraph::size() const {
  return data_->nodes.size();
}

std::optional<DerivationIndex> DerivationGraph::find(const StorePath& path) const {
  const std::string_view base_name = path.base_name();
  return data_->table.find(base_name, data_->table.hash(base_name),
                           [&](DerivationIndex index) { return data_->nodes[index].base_name; });
}

StorePath DerivationGraph::path(DerivationIndex index) const {
  return StorePath::parse(data_->nodes.at(index).base_name);
}

std::string_view DerivationGraph::base_name(DerivationIndex index) const {
  return data_->nodes.at(index).base_name;
}

std::string_view DerivationGraph::derivation_name(DerivationIndex index) const {
  return GraphData::derivation_name(data_->nodes.at(index));
}

DerivationGraph::State DerivationGraph::state(DerivationIndex index) const {
  return data_->nodes.at(index).state;
}

std::string_view DerivationGraph::problem(DerivationIndex index) const {
  return data_->nodes.at(index).problem;
}

std::optional<DerivationIndex> DerivationGraph::broken_input(DerivationIndex index) const {
  const auto& node = data_->nodes.at(index);
  if (!node.has_broken_input) return std::nullopt;
  return node.broken_input;
}

DerivationKind DerivationGraph::kind(DerivationIndex index) const {
  return data_->nodes.at(index).kind;
}

std::string_view DerivationGraph::system(DerivationIndex index) const {
  return data_->systems.at(data_->nodes.at(index).system);
}

bool DerivationGraph::may_need_features(DerivationIndex index) const {
  return data_->nodes.at(index).may_need_features;
}

std::span<const DerivationGraph::Edge> DerivationGraph::inputs(DerivationIndex index) const {
  return data_->nodes.at(index).inputs;
}

std::vector<std::string> DerivationGraph::input_outputs(const Edge& edge) const {
  const auto first = data_->names.begin() + edge.first_output_name;
  return {first, first + edge.output_name_count};
}

std::vector<std::string> DerivationGraph::output_names(DerivationIndex index) const {
  std::vector<std::string> names;
  for (const auto& output : data_->nodes.at(index).outputs) names.emplace_back(output.name);
  return names;
}

bool DerivationGraph::same_outputs(const Edge& a, const Edge& b) const {
  if (a.output_name_count != b.output_name_count) return false;
  if (a.first_output_name == b.first_output_name) return true;
  const auto first = data_->names.begin() + a.first_output_name;
  return std::is_permutation(first, first + a.output_name_count,
                             data_->names.begin() + b.first_output_name);
}

std::string_view DerivationGraph::output_path_digest(DerivationIndex index,
                                                     std::size_t output) const {
  const auto& node = data_->nodes.at(index);
  if (node.state != State::verified) return {};
  const auto& found = node.outputs[output];
  if (!found.path_known) return {};
  return {found.path_hash.data(), found.path_hash.size()};
}

std::optional<StorePath> DerivationGraph::output_path(DerivationIndex index,
                                                      std::string_view output) const {
  const auto& node = data_->nodes.at(index);
  if (node.state != State::verified) return std::nullopt;
  for (const auto& candidate : node.outputs) {
    if (candidate.name != output || !candidate.path_known) continue;
    std::string base_name(candidate.path_hash.data(), candidate.path_hash.size());
    base_name.append(1, '-').append(output_path_name(GraphData::derivation_name(node), output));
    return StorePath::parse(base_name);
  }
  return std::nullopt;
}

std::optional<Sha256> DerivationGraph::drv_output_hash(DerivationIndex index) const {
  const auto& node = data_->nodes.at(index);
  if (!node.has_hash_modulo) return std::nullopt;
  return node.hash_modulo;
}

std::optional<OutputSetId> DerivationGraph::output_set(DerivationIndex index) const {
  const auto& node = data_->nodes.at(index);
  if (!node.has_output_set) return std::nullopt;
  return OutputSetId(node.output_set);
}

std::span<const DerivationIndex> DerivationGraph::topological_order() const {
  return data_->topological_order;
}

}  // namespace grange
