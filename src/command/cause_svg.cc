#include "command/cause_svg.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/core.h>

#include "base/text.h"
#include "command/graph_svg.h"
#include "compare/value_difference.h"

namespace grange {
namespace {

constexpr std::size_t kMostCauses = 120;
constexpr std::size_t kMostGroups = 300;
constexpr std::size_t kNamesShown = 3;
constexpr std::size_t kLongestDifference = 60;

std::string first_difference(const ExplainedCause& cause, const StoreDir& store) {
  if (cause.fields.empty()) return "";
  auto text = printable(difference_line(store.str(), cause.fields.front(), kLongestDifference));
  if (cause.fields.size() > 1) text += fmt::format(" and {} more", cause.fields.size() - 1);
  return text;
}

/// Everything that changed, each an own node.
SvgGraph whole_graph(const ExplainedComparison& explained, const TargetMap& head) {
  using Kind = SvgGraph::Kind;
  const auto& graph = explained.graph;
  const auto& changes = explained.changes;
  std::map<DerivationIndex, std::vector<std::string>> labels;
  for (const auto& [label, causes] : explained.explanation.targets) {
    if (const auto index = graph.find(head.targets.at(label).derivation)) {
      labels[*index].push_back(label);
    }
  }
  SvgGraph result;
  std::map<DerivationIndex, std::uint32_t> places;
  for (const auto index : changes.changed()) {
    const auto cause = changes.cause(index);
    const auto found = labels.find(index);
    SvgGraph::Node node{std::string(graph.derivation_name(index)), "", Kind::cascade};
    if (found != labels.end()) {
      node.kind = cause ? Kind::cause_target : Kind::target;
      node.subtitle = join(found->second, ", ");
    } else if (cause) {
      node.kind = Kind::cause;
    }
    if (cause) {
      node.subtitle = first_difference(explained.explanation.causes[*cause], graph.store_dir());
    }
    places.emplace(index, static_cast<std::uint32_t>(result.nodes.size()));
    result.nodes.push_back(std::move(node));
    // How a fixed output is fetched changes nothing about it.
    if (graph.kind(index) == DerivationKind::fixed) continue;
    for (const auto& edge : graph.inputs(index)) {
      const auto input = places.find(edge.input);
      if (input != places.end()) result.edges.push_back({input->second, places.at(index)});
    }
  }
  return result;
}

/// Causes, and targets by what causes them.
SvgGraph causes_and_targets(const ExplainedComparison& explained) {
  using Kind = SvgGraph::Kind;
  const auto& explanation = explained.explanation;
  SvgGraph result;
  for (std::size_t i = 0; i < std::min(explanation.causes.size(), kMostCauses); ++i) {
    const auto& cause = explanation.causes[i];
    result.nodes.push_back(
        {cause.name, first_difference(cause, explained.graph.store_dir()), Kind::cause});
  }
  const auto rest = static_cast<std::uint32_t>(result.nodes.size());
  if (explanation.causes.size() > kMostCauses) {
    result.nodes.push_back(
        {fmt::format("{} more causes", format_count(explanation.causes.size() - kMostCauses)), "",
         Kind::more});
  }
  std::map<std::vector<std::uint32_t>, std::vector<std::string>> groups;
  for (const auto& [label, causes] : explanation.targets) {
    std::vector<std::uint32_t> shown;
    for (const auto cause : causes) shown.push_back(std::min(cause, rest));
    shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
    groups[std::move(shown)].push_back(label);
  }
  std::vector<const std::pair<const std::vector<std::uint32_t>, std::vector<std::string>>*> sorted;
  for (const auto& group : groups) sorted.push_back(&group);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return a->second.size() > b->second.size();
  });
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto& [causes, names] = *sorted[i];
    if (i >= kMostGroups) {
      left_out += names.size();
      continue;
    }
    const auto place = static_cast<std::uint32_t>(result.nodes.size());
    if (names.size() == 1) {
      result.nodes.push_back({names.front(), "", Kind::target});
    } else {
      auto shown = names;
      if (shown.size() > kNamesShown) {
        shown.resize(kNamesShown);
        shown.emplace_back("…");
      }
      result.nodes.push_back(
          {plural(names.size(), "target"), printable(join(shown, ", ")), Kind::target});
    }
    for (const auto cause : causes) result.edges.push_back({cause, place});
  }
  if (left_out > 0) {
    result.nodes.push_back(
        {fmt::format("{} more targets", format_count(left_out)), "", Kind::more});
  }
  if (result.edges.size() > kMostSvgEdges) result.edges.resize(kMostSvgEdges);
  return result;
}

}  // namespace

std::string cause_svg(const ExplainedComparison& explained, const TargetMap& head,
                      const std::string& heading) {
  auto graph = explained.changes.changed().size() <= kReadableSvgNodes
                   ? whole_graph(explained, head)
                   : causes_and_targets(explained);
  graph.heading = heading;
  return graph_svg(graph);
}

}  // namespace grange
