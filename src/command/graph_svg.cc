#include "command/graph_svg.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "command/graph_svg_style.h"
#include "command/svg_text.h"
#include "drawing/implied_edges.h"
#include "drawing/layered_layout.h"

namespace grange {
namespace {

constexpr double kMargin = 24;
constexpr double kTitleSize = 13;
constexpr double kSubtitleSize = 11;
constexpr double kHeadingSize = 18;
constexpr double kPadding = 12;
constexpr double kMostTextWidth = 250;
constexpr double kLeastBoxWidth = 72;
constexpr double kOneLine = 28;
constexpr double kTwoLines = 42;
constexpr double kLeastWidth = 640;

constexpr std::array kKinds = {SvgGraph::Kind::cause, SvgGraph::Kind::cause_target,
                               SvgGraph::Kind::cascade, SvgGraph::Kind::target,
                               SvgGraph::Kind::more};

bool is_cause(SvgGraph::Kind kind) {
  return kind == SvgGraph::Kind::cause || kind == SvgGraph::Kind::cause_target;
}

/// To a tenth of a pixel, without a needless ".0".
std::string number(double value) {
  auto text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

/// The texts of a node as they fit its box.
struct Label {
  std::string title;
  std::string subtitle;
  double width;
  double height;
};

Label label_of(const SvgGraph::Node& node) {
  Label label{shortened_in_middle(printable(node.title), kMostTextWidth, kTitleSize, true),
              shortened_in_middle(printable(node.subtitle), kMostTextWidth, kSubtitleSize), 0, 0};
  const double text = std::max(estimated_text_width(label.title, kTitleSize, true),
                               estimated_text_width(label.subtitle, kSubtitleSize));
  label.width = std::ceil(std::max(text + 2 * kPadding, kLeastBoxWidth));
  label.height = label.subtitle.empty() ? kOneLine : kTwoLines;
  return label;
}

void check_size(const SvgGraph& graph) {
  const auto check = [](std::string_view what, std::size_t got, std::size_t most) {
    if (got <= most) return;
    throw InvalidError(
        fmt::format("graph of causes: specified at most {} {}, got {}; collapse some of them",
                    format_count(most), what, format_count(got)));
  };
  check("nodes", graph.nodes.size(), kMostSvgNodes);
  check("edges", graph.edges.size(), kMostSvgEdges);
  for (const auto& edge : graph.edges) {
    const auto greater = std::max(edge.from, edge.to);
    if (greater < graph.nodes.size()) continue;
    throw InvalidError(fmt::format("edge of a graph of causes: specified a node below {}, got {}",
                                   graph.nodes.size(), greater));
  }
}

/// Writes one document from top to bottom.
class Drawing {
 public:
  explicit Drawing(const SvgGraph& graph) : graph_(graph) {
    std::vector<LayoutNode> nodes;
    for (const auto& node : graph.nodes) {
      labels_.push_back(label_of(node));
      const auto pull = is_cause(node.kind) ? LayoutPull::first : LayoutPull::near;
      nodes.push_back({labels_.back().width, labels_.back().height, pull});
    }
    std::vector<LayoutEdge> edges;
    for (const auto& edge : graph.edges) edges.push_back({edge.from, edge.to});
    edges_ = without_implied(nodes.size(), std::move(edges));
    layout_ = lay_out(nodes, edges_);
  }

  std::string text() {
    width_ = std::max(layout_.width, kLeastWidth);
    y_ = kMargin;
    head();
    legend();
    body_ += fmt::format("<g transform=\"translate({} {})\">\n", number(kMargin), number(y_));
    for (std::size_t edge = 0; edge < edges_.size(); ++edge) draw_edge(edge);
    for (std::size_t node = 0; node < graph_.nodes.size(); ++node) {
      draw_node(graph_.nodes[node], labels_[node], layout_.nodes[node].corner);
    }
    body_ += "</g>\n";
    const auto width = number(std::ceil(width_ + 2 * kMargin));
    const auto height = number(std::ceil(y_ + layout_.height + kMargin));
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"grange-graph\" role=\"img\" "
               "aria-labelledby=\"grange-graph-title grange-graph-desc\" width=\"{0}\" "
               "height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n"
               "<title id=\"grange-graph-title\">{2}</title>\n"
               "<desc id=\"grange-graph-desc\">{3}</desc>\n",
               width, height, xml_text(graph_.heading), xml_text(description())) +
           svg_style_sheet() +
           fmt::format("<rect class=\"page\" width=\"{}\" height=\"{}\"/>\n", width, height) +
           body_ + "</svg>\n";
  }

 private:
  std::size_t count(SvgGraph::Kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(graph_.nodes.begin(), graph_.nodes.end(),
                      [&](const SvgGraph::Node& node) { return node.kind == kind; }));
  }

  /// For who can't see it: what it shows, and the causes by name.
  std::string description() const {
    constexpr std::size_t kMostNames = 20;
    std::vector<std::string> names;
    for (const auto& node : graph_.nodes) {
      if (!is_cause(node.kind)) continue;
      names.push_back(node.subtitle.empty() ? node.title : node.title + " (" + node.subtitle + ")");
    }
    std::string text =
        "A graph from causes, at the left, to the targets that they reach: " + totals();
    if (names.empty()) return text + ".";
    const std::size_t left_out = names.size() - std::min(names.size(), kMostNames);
    names.resize(names.size() - left_out);
    text += ". Causes: " + join(names, ", ");
    return text + (left_out > 0 ? fmt::format(" and {} more.", left_out) : ".");
  }

  std::string totals() const {
    const auto both = count(SvgGraph::Kind::cause_target);
    std::string text = plural(count(SvgGraph::Kind::cause) + both, "cause") + ", " +
                       plural(count(SvgGraph::Kind::target) + both, "target") + ", " +
                       format_count(count(SvgGraph::Kind::cascade)) + " between, " +
                       plural(edges_.size(), "arrow");
    const std::size_t implied = graph_.edges.size() - edges_.size();
    if (implied > 0) text += fmt::format(" ({} that others imply left out)", format_count(implied));
    return text;
  }

  void head() {
    if (!graph_.heading.empty()) {
      const auto heading =
          shortened_in_middle(printable(graph_.heading), width_, kHeadingSize, true);
      y_ += kHeadingSize;
      write_text("heading", kMargin, y_, heading);
      y_ += 4;
    }
    y_ += kSubtitleSize + 4;
    write_text("note", kMargin, y_, totals());
    y_ += 14;
  }

  /// A sample of each kind that occurs, with its name; wrapped where the drawing is narrow.
  void legend() {
    constexpr double kSampleWidth = 30;
    constexpr double kSampleHeight = 18;
    double x = kMargin;
    for (const auto kind : kKinds) {
      if (count(kind) == 0) continue;
      const auto style = svg_kind_style(kind);
      const double text = estimated_text_width(style.legend, kSubtitleSize);
      if (x > kMargin && x + kSampleWidth + 8 + text > kMargin + width_) {
        x = kMargin;
        y_ += kSampleHeight + 8;
      }
      body_ += fmt::format("<g class=\"{}\" transform=\"translate({} {})\">", style.name, number(x),
                           number(y_));
      draw_shape(style, kSampleWidth, kSampleHeight);
      body_ += "</g>";
      write_text("note", x + kSampleWidth + 8, y_ + kSampleHeight / 2 + 4, style.legend);
      x += kSampleWidth + 8 + text + 20;
    }
    y_ += kSampleHeight + kMargin;
  }

  void write_text(std::string_view style, double x, double y, std::string_view text) {
    body_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n", style, number(x),
                         number(y), xml_text(text));
  }

  void draw_shape(const SvgKindStyle& style, double width, double height) {
    const double corner = std::min(style.corner, height / 2);
    body_ += fmt::format("<rect class=\"box\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
                         number(width), number(height), number(corner));
    if (style.inner_line) {
      constexpr double kInset = 3.5;
      body_ +=
          fmt::format("<rect class=\"inner\" x=\"{0}\" y=\"{0}\" width=\"{1}\" height=\"{2}\"/>",
                      number(kInset), number(width - 2 * kInset), number(height - 2 * kInset));
    }
    if (style.bar) {
      body_ += fmt::format("<rect class=\"bar\" width=\"5\" height=\"{}\"/>", number(height));
    }
  }

  void draw_node(const SvgGraph::Node& node, const Label& label, const LayoutPoint& corner) {
    const auto style = svg_kind_style(node.kind);
    body_ += fmt::format("<g class=\"{}\" transform=\"translate({} {})\"><title>{}", style.name,
                         number(corner.x), number(corner.y), xml_text(node.title));
    if (!node.subtitle.empty()) body_ += "\n" + xml_text(node.subtitle);
    body_ += "\n" + std::string(style.legend) + "</title>";
    draw_shape(style, label.width, label.height);
    body_ += '\n';
    write_text("title", kPadding, label.subtitle.empty() ? 18.5 : 17.5, label.title);
    if (!label.subtitle.empty()) write_text("subtitle", kPadding, 33, label.subtitle);
    body_ += "</g>\n";
  }

  /// Level within a layer, bent between two.
  static std::string path(const std::vector<LayoutPoint>& route) {
    std::string text = "M" + number(route[0].x) + " " + number(route[0].y);
    for (std::size_t step = 1; step < route.size(); ++step) {
      const auto& from = route[step - 1];
      const auto& to = route[step];
      if (std::abs(from.y - to.y) < 0.05) {
        const bool goes_on = step + 1 < route.size() && std::abs(route[step + 1].y - to.y) < 0.05;
        if (!goes_on) text += "H" + number(to.x);
        continue;
      }
      const double middle = (from.x + to.x) / 2;
      text += fmt::format("C{0} {1} {0} {2} {3} {2}", number(middle), number(from.y), number(to.y),
                          number(to.x));
    }
    return text;
  }

  void draw_edge(std::size_t number) {
    const auto& edge = edges_[number];
    const auto& from = graph_.nodes[edge.from];
    const std::string_view source = is_cause(from.kind) ? "from-cause" : "";
    body_ += fmt::format(
        "<path class=\"edge{}{}\" marker-end=\"url(#grange-arrow{}{})\" d=\"{}\">"
        "<title>{} → {}</title></path>\n",
        source.empty() ? "" : " ", source, source.empty() ? "" : "-", source,
        path(layout_.routes[number]), xml_text(from.title), xml_text(graph_.nodes[edge.to].title));
  }

  const SvgGraph& graph_;
  std::vector<Label> labels_;
  std::vector<LayoutEdge> edges_;
  LayeredLayout layout_;
  double width_ = 0;
  double y_ = 0;  ///< how far down the page it is
  std::string body_;
};

}  // namespace

std::string graph_svg(const SvgGraph& graph) {
  check_size(graph);
  return Drawing(graph).text();
}

}  // namespace grange
