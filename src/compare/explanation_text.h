#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "compare/compare.h"
#include "compare/explanation.h"

namespace grange {

/// Causes that are told together: one, or several whose fields differ in the same way (all that
/// used one library and use another now).
struct CauseGroup {
  std::vector<const ExplainedCause*> causes;
  std::vector<std::string> differences;  ///< a line each
};
/// In the order of the explanation, which must outlive them.
std::vector<CauseGroup> group_causes(const Explanation& explanation, const StoreDir& store);

/// "12,193 targets change, 1 cause: libxml2-2.9.2 (configureFlags: + --without-legacy); 3
/// equivalent; 4,766 same".
std::string change_headline(const Comparison& comparison, const Explanation& explanation,
                            const StoreDir& store);

/// For people: each cause with what differs and what it touches, at most `most` groups, then what
/// building all of it should take. Empty when nothing changed.
std::string explanation_text(const Explanation& explanation, const StoreDir& store,
                             std::size_t most = 50);

/// For people: the recipes that were rewritten, the suspicious ones first, at most `most` of each.
std::string rewritten_text(const Comparison& comparison, const StoreDir& store,
                           std::size_t most = 50);

/// The causes as docs/manual.md has them, "grange compare".
nlohmann::ordered_json causes_json(const Explanation& explanation, const StoreDir& store);
/// {"derivations":{…},"cost":{…}}: the rest of an explanation.
nlohmann::ordered_json changes_json(const Explanation& explanation);

}  // namespace grange
