#pragma once

#include <string>
#include <string_view>

#include "command/graph_svg.h"

namespace grange {

/// How one kind of node looks; the colours are in `svg_style_sheet`, under its class.
struct SvgKindStyle {
  std::string_view name;    ///< its class
  std::string_view legend;  ///< what the legend says
  double corner;            ///< radius
  bool bar;                 ///< a thick left edge
  bool inner_line;          ///< a second border inside the first
};
SvgKindStyle svg_kind_style(SvgGraph::Kind kind);

/// The <style> and <defs> of a drawing. Classes are under `.grange-graph`, so that a drawing put
/// into a page styles nothing but itself. Without custom properties, which librsvg and others don't
/// know.
std::string svg_style_sheet();

}  // namespace grange
