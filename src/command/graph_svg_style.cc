#include "command/graph_svg_style.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kShape = R"(
.grange-graph text { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif }
.grange-graph .heading { font-size: 18px; font-weight: 600 }
.grange-graph .title { font-size: 13px; font-weight: 600 }
.grange-graph .subtitle, .grange-graph .note { font-size: 11px }
.grange-graph .box { stroke-width: 1.2 }
.grange-graph .cause .box, .grange-graph .cause-target .box { stroke-width: 2 }
.grange-graph .target .box { stroke-width: 1.6 }
.grange-graph .inner { fill: none; stroke-width: 1 }
.grange-graph .more .box { stroke-dasharray: 5 3 }
.grange-graph .edge { fill: none; stroke-width: 1.2; stroke-linecap: round }
.grange-graph .edge:hover { stroke-width: 3 }
)";

/// A rule per colour of a scheme.
constexpr std::string_view kColours = R"(.grange-graph .page { fill: @page }
.grange-graph text { fill: @ink }
.grange-graph .subtitle, .grange-graph .note { fill: @muted }
.grange-graph .edge { stroke: @line }
.grange-graph .arrow { fill: @line }
.grange-graph .from-cause { stroke: @warm }
.grange-graph .arrow-from-cause { fill: @warm }
.grange-graph .cause .box, .grange-graph .cause-target .box { fill: @cause-fill; stroke: @cause }
.grange-graph .bar { fill: @cause }
.grange-graph .inner { stroke: @target }
.grange-graph .cascade .box, .grange-graph .more .box { fill: @cascade-fill; stroke: @cascade }
.grange-graph .target .box { fill: @target-fill; stroke: @target }
)";

using Scheme = std::array<std::pair<std::string_view, std::string_view>, 11>;

/// Longer names before those that they begin with.
constexpr Scheme kLight = {{{"@page", "#ffffff"},
                            {"@ink", "#1b212c"},
                            {"@muted", "#525c6b"},
                            {"@line", "#98a2b1"},
                            {"@warm", "#d98a72"},
                            {"@cause-fill", "#fdebe6"},
                            {"@cause", "#b93a1a"},
                            {"@cascade-fill", "#f4f6f8"},
                            {"@cascade", "#8a94a3"},
                            {"@target-fill", "#e5f0fc"},
                            {"@target", "#1d63ad"}}};

constexpr Scheme kDark = {{{"@page", "#14181f"},
                           {"@ink", "#e8ecf2"},
                           {"@muted", "#a9b3c1"},
                           {"@line", "#667284"},
                           {"@warm", "#a8614c"},
                           {"@cause-fill", "#40211a"},
                           {"@cause", "#f08a6b"},
                           {"@cascade-fill", "#222833"},
                           {"@cascade", "#78859a"},
                           {"@target-fill", "#17304c"},
                           {"@target", "#6fb1f5"}}};

std::string coloured(const Scheme& scheme) {
  std::string text(kColours);
  for (const auto& [name, colour] : scheme) text = replace_all(std::move(text), name, colour);
  return text;
}

constexpr std::string_view kArrows = R"(<defs>
<marker id="grange-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="arrow" d="M0 0L8 4L0 8L2 4z"/></marker>
<marker id="grange-arrow-from-cause" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="arrow-from-cause" d="M0 0L8 4L0 8L2 4z"/></marker>
</defs>
)";

}  // namespace

SvgKindStyle svg_kind_style(SvgGraph::Kind kind) {
  constexpr double kPill = 14;
  switch (kind) {
    case SvgGraph::Kind::cause:
      return {"cause", "cause: itself changed", 0, true, false};
    case SvgGraph::Kind::cause_target:
      return {"cause-target", "cause and target", 0, true, true};
    case SvgGraph::Kind::target:
      return {"target", "target", kPill, false, false};
    case SvgGraph::Kind::more:
      return {"more", "more, not drawn one by one", 4, false, false};
    case SvgGraph::Kind::cascade:
      break;
  }
  return {"cascade", "cascade: only an input changed", 4, false, false};
}

std::string svg_style_sheet() {
  return "<style>" + std::string(kShape) + coloured(kLight) +
         "@media screen and (prefers-color-scheme: dark) {\n" + coloured(kDark) + "}\n</style>\n" +
         std::string(kArrows);
}

}  // namespace grange
