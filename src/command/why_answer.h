#pragma once

#include <string>

#include "command/explained_comparison.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// What is asked: why `what` is not what it was.
struct WhyQuestion {
  DerivationIndex what;
  std::string shown;    ///< what was asked for: a label or a path
  std::string base;     ///< what it is compared with, for people
  std::string path_to;  ///< only how this cause reaches it; empty: all of them
};

/// For people. Throws NotFoundError for a cause that there is not, or that does not touch it.
std::string why_text(const ExplainedComparison& explained, const WhyQuestion& question);
/// For programs: docs/manual.md, "grange why".
std::string why_json(const ExplainedComparison& explained, const WhyQuestion& question);

}  // namespace grange
