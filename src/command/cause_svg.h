#pragma once

#include <string>

#include "command/explained_comparison.h"

namespace grange {

/// The causes, what lies between, and the targets that they reach, as an SVG document. What is more
/// than a person can read is drawn without what lies between, targets of the same causes together.
std::string cause_svg(const ExplainedComparison& explained, const TargetMap& head,
                      const std::string& heading);

}  // namespace grange
