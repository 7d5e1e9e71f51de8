#include "pages/graph_view.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "derivation/store_path.h"
#include "drawing/implied_edges.h"
#include "drawing/layered_layout.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

constexpr std::size_t kShownNeighbours = 300;
/// Around the drawing; how large nodes are, and what fits into one.
constexpr double kFrame = 12;
constexpr double kNodeWidth = 190;
constexpr double kNodeHeight = 24;
constexpr std::size_t kShownLetters = 23;

int urgency(const std::string& kind) {
  if (kind == "bad" || kind == "blocked") return 0;
  if (kind == "running") return 1;
  if (kind == "queued") return 2;
  return kind == "good" ? 4 : 3;
}

/// As many letters as fit, its beginning and its end, which has the version. Names of derivations
/// are ASCII.
std::string fitting(const std::string& name) {
  if (name.size() <= kShownLetters) return name;
  constexpr std::size_t kEnd = 8;
  return name.substr(0, kShownLetters - kEnd - 1) + "…" + name.substr(name.size() - kEnd);
}

/// Straight within layers, in curves between them; in whole pixels and as SVG says it in the least
/// letters, since a drawing has a thousand of them.
std::string path_of(const std::vector<LayoutPoint>& route) {
  std::string path;
  long x = 0;
  long y = 0;
  for (std::size_t i = 0; i < route.size(); ++i) {
    const auto next_x = std::lround(route[i].x + kFrame);
    const auto next_y = std::lround(route[i].y + kFrame);
    if (i == 0) {
      path = fmt::format("M{} {}", next_x, next_y);
    } else if (next_y == y) {
      // What goes on straight is one line.
      if (i + 1 < route.size() && std::lround(route[i + 1].y + kFrame) == y) continue;
      path += fmt::format("h{}", next_x - x);
    } else {
      const auto middle = (next_x - x) / 2;
      path += fmt::format("c{0} 0 {0} {2} {1} {2}", middle, next_x - x, next_y - y);
    }
    x = next_x;
    y = next_y;
  }
  return path;
}

}  // namespace

std::string shown_derivation(const std::string& name) {
  const auto path = StorePath::try_parse(name);
  return path ? std::string(path->derivation_name()) : name;
}

ApiJson node_view(const ApiJson& node) {
  const auto derivation = node["derivation"].get<std::string>();
  const bool is_seen = node["seen"].get<bool>();
  const bool is_running = node["running"].get<bool>();
  ApiJson status;
  if (is_running) {
    status = status_view(nullptr, "running");
  } else if (node["outcome"].is_string() || node["build"].is_number()) {
    status = status_view(node["outcome"], "queued");
  } else {
    status = status_view("unknown");
    status["word"] = is_seen ? "not built for itself" : "hidden";
  }
  const auto url =
      node["build"].is_number() ? "/build/" + node["build"].dump() : derivation_url(derivation);
  return {{"name", shown_derivation(derivation)},
          {"derivation", derivation},
          {"derivationUrl", is_seen ? ApiJson(derivation_url(derivation)) : ApiJson()},
          {"url", is_seen ? ApiJson(url) : ApiJson()},
          {"build", node["build"]},
          {"system", node["system"]},
          {"status", std::move(status)}};
}

ApiJson neighbour_rows(const PageCall& call, const std::string& derivation,
                       std::string_view direction) {
  const auto graph = call.get("/api/v1/derivations/" + url_part(derivation) +
                              "/graph?depth=1&direction=" + std::string(direction) +
                              "&limit=" + std::to_string(kShownNeighbours));
  std::vector<ApiJson> rows;
  for (std::size_t i = 1; i < graph["nodes"].size(); ++i) {
    rows.push_back(node_view(graph["nodes"][i]));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const ApiJson& a, const ApiJson& b) {
    const auto key = [](const ApiJson& row) {
      return std::pair(urgency(row["status"]["kind"].get<std::string>()),
                       row["name"].get<std::string>());
    };
    return key(a) < key(b);
  });
  // Of what it uses all have a level below; only what did not fit is cut.
  const bool is_full = graph["nodes"].size() >= kShownNeighbours;
  return {{"rows", rows},
          {"any", !rows.empty()},
          {"count", count_text(static_cast<std::int64_t>(rows.size()))},
          {"counted", counted_text(static_cast<std::int64_t>(rows.size()), "derivation")},
          {"cut", is_full},
          {"unread", graph["unread"]}};
}

ApiJson graph_drawing(const ApiJson& graph) {
  const auto count = graph["nodes"].size();
  std::map<std::int64_t, std::uint32_t> numbers;
  for (const auto& node : graph["nodes"]) {
    numbers.emplace(node["id"].get<std::int64_t>(), static_cast<std::uint32_t>(numbers.size()));
  }
  const auto root = graph["nodes"].front()["id"].get<std::int64_t>();
  // From the one that was asked for to the right, whichever way it is.
  const bool of_users = std::any_of(graph["edges"].begin(), graph["edges"].end(),
                                    [&](const ApiJson& edge) { return edge["input"] == root; });
  std::vector<LayoutEdge> edges;
  for (const auto& edge : graph["edges"]) {
    auto from = numbers.at(edge["user"].get<std::int64_t>());
    auto to = numbers.at(edge["input"].get<std::int64_t>());
    if (of_users) std::swap(from, to);
    edges.push_back({from, to});
  }
  const auto all = edges.size();
  edges = without_implied(count, std::move(edges));
  const auto layout =
      lay_out(std::vector<LayoutNode>(count, {kNodeWidth, kNodeHeight, LayoutPull::first}), edges);
  const auto number = [](double value) { return std::lround(value); };
  ApiJson nodes = ApiJson::array();
  for (std::size_t i = 0; i < count; ++i) {
    auto view = node_view(graph["nodes"][i]);
    make_room(view, 5);
    view["x"] = number(layout.nodes[i].corner.x + kFrame);
    view["y"] = number(layout.nodes[i].corner.y + kFrame);
    view["shown"] = fitting(view["name"].get<std::string>());
    view["isRoot"] = i == 0;
    view["number"] = i;
    nodes.push_back(std::move(view));
  }
  ApiJson lines = ApiJson::array();
  for (std::size_t i = 0; i < edges.size(); ++i) {
    lines.push_back(
        {{"path", path_of(layout.routes[i])}, {"from", edges[i].from}, {"to", edges[i].to}});
  }
  return {{"nodes", std::move(nodes)},
          {"lines", std::move(lines)},
          {"implied", edges.size() == all
                          ? ApiJson()
                          : ApiJson(count_text(static_cast<std::int64_t>(all - edges.size())))},
          {"count", counted_text(static_cast<std::int64_t>(count), "derivation")},
          {"width", number(layout.width + 2 * kFrame)},
          {"height", number(layout.height + 2 * kFrame)},
          {"nodeWidth", number(kNodeWidth)},
          {"nodeHeight", number(kNodeHeight)}};
}

}  // namespace grange
