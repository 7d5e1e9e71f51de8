#include "command/graph_svg.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

using Kind = SvgGraph::Kind;

/// What stands in a golden file; GRANGE_ACCEPT=1 writes it first.
std::string golden(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(GRANGE_SOURCE_DIR) / "src/command/golden" / name;
  if (std::getenv("GRANGE_ACCEPT") != nullptr) write_file(file, text);
  return read_file(file);
}

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

/// Every kind once, an edge that passes a layer, and one that is implied.
SvgGraph small_graph() {
  return {"main → libxml2-update",
          {{"libxml2-2.13.4", "configureFlags: + --without-legacy", Kind::cause},
           {"stdenv-linux", "builder script", Kind::cause_target},
           {"libxslt-1.1.42", "", Kind::cascade},
           {"python3.11-lxml-with-a-name-too-long-for-any-box-5.3.0", "", Kind::cascade},
           {"gnome-shell-46.2", "gnome-shell.x86_64-linux", Kind::target},
           {"312 more targets", "", Kind::more}},
          {{0, 2}, {1, 2}, {2, 3}, {3, 4}, {0, 4}, {2, 5}, {1, 4}}};
}

TEST(GraphSvg, SmallGraphIsAsTheGoldenFile) {
  const auto text = graph_svg(small_graph());
  EXPECT_EQ(text, golden("small_graph.svg", text));
  EXPECT_EQ(graph_svg(small_graph()), text);
}

TEST(GraphSvg, SaysWhatItShowsToWhoCannotSeeIt) {
  const auto text = graph_svg(small_graph());
  EXPECT_NE(text.find("role=\"img\""), std::string::npos);
  EXPECT_NE(text.find("<title id=\"grange-graph-title\">main → libxml2-update</title>"),
            std::string::npos);
  EXPECT_NE(text.find("2 causes, 2 targets"), std::string::npos);
  EXPECT_NE(text.find("Causes: libxml2-2.13.4 (configureFlags: + --without-legacy)"),
            std::string::npos);
  EXPECT_NE(text.find("2 that others imply left out"), std::string::npos);
  EXPECT_EQ(occurrences(text, "<path class=\"edge"), 5U);
  // The whole of a shortened name.
  EXPECT_NE(text.find("<title>python3.11-lxml-with-a-name-too-long-for-any-box-5.3.0\n"),
            std::string::npos);
}

TEST(GraphSvg, TextIsNeverMarkup) {
  SvgGraph graph = small_graph();
  const std::string evil = "</title><script>alert('1')</script>&\"\x1b\xff";
  graph.heading = evil;
  for (auto& node : graph.nodes) node.title = node.subtitle = evil;
  const auto text = graph_svg(graph);
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  EXPECT_NE(text.find("&lt;script&gt;alert(&#39;1&#39;)"), std::string::npos);
}

TEST(GraphSvg, LegendNamesOnlyTheKindsThatOccur) {
  SvgGraph graph{"", {{"a", "", Kind::cause}, {"b", "", Kind::target}}, {{0, 1}}};
  const auto text = graph_svg(graph);
  EXPECT_NE(text.find(">cause: itself changed</text>"), std::string::npos);
  EXPECT_NE(text.find(">target</text>"), std::string::npos);
  EXPECT_EQ(text.find(">cascade: only an input changed</text>"), std::string::npos);
}

TEST(GraphSvg, EmptyGraphIsADrawingToo) {
  const auto text = graph_svg({"nothing changed", {}, {}});
  EXPECT_NE(text.find("0 causes, 0 targets"), std::string::npos);
  EXPECT_TRUE(text.ends_with("</svg>\n"));
}

TEST(GraphSvg, FiveHundredNodes) {
  SvgGraph graph{"large", {}, {}};
  for (std::uint32_t node = 0; node < kReadableSvgNodes; ++node) {
    const Kind kind = node < 3 ? Kind::cause : node % 3 == 0 ? Kind::target : Kind::cascade;
    graph.nodes.push_back({"package-" + std::to_string(node), "a line below", kind});
    for (std::uint32_t edge = 0; node >= 3 && edge < 4; ++edge) {
      graph.edges.push_back({(node * 7 + edge * 131) % node, node});
    }
  }
  const auto text = graph_svg(graph);
  EXPECT_EQ(occurrences(text, ">a line below</text>"), kReadableSvgNodes);
  EXPECT_LT(text.size(), 2'000'000U);
}

std::string refusal(const SvgGraph& graph) {
  try {
    graph_svg(graph);
  } catch (const InvalidError& error) {
    return error.message();
  }
  return "";
}

TEST(GraphSvg, AbsurdSizesAndUnknownNodesAreRefused) {
  SvgGraph graph = small_graph();
  graph.edges.push_back({0, 6});
  EXPECT_EQ(refusal(graph), "edge of a graph of causes: specified a node below 6, got 6");
  graph.edges.resize(kMostSvgEdges + 1);
  EXPECT_EQ(refusal(graph),
            "graph of causes: specified at most 20,000 edges, got 20,001; collapse some of them");
  graph.nodes.resize(kMostSvgNodes + 1);
  EXPECT_EQ(refusal(graph),
            "graph of causes: specified at most 2,000 nodes, got 2,001; collapse some of them");
}

}  // namespace
}  // namespace grange
