#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/derivation_graph.h"
#include "derivation/target_map.h"

namespace grange {

enum class Verdict : std::uint8_t { same, equivalent, changed, changed_unverified, added, removed };
/// "same", "equivalent", "changed", "changed (unverified)", "new", "removed".
std::string_view to_string(Verdict verdict) noexcept;

struct TargetVerdict {
  std::string label;
  Verdict verdict;
};

/// A derivation of the head side whose output set some other derivation of the base side has:
/// written differently, producing the same. Only those whose own fields differ once each input is
/// replaced by what it is equivalent to (a mirror URL; not everything above it).
struct RewrittenRecipe {
  StorePath base;
  StorePath head;
  OutputSetId output_set;
  std::vector<std::string> fields;  ///< which differ: "env.urls", "args", "builder", …
};

struct Comparison {
  std::vector<TargetVerdict> targets;  ///< of both sides, by label
  std::size_t same = 0, equivalent = 0, changed = 0, added = 0, removed = 0;
  std::size_t unverified = 0;              ///< among `changed`
  std::vector<RewrittenRecipe> rewritten;  ///< by name, then path
};

/// What became of every label. Pure. A label whose evaluation failed on the head side but stood in
/// the base is not removed: it is left out (its error is told elsewhere).
///
/// `read` is used again only for the few derivations whose fields must be compared.
Comparison compare_targets(const TargetMap& base, const TargetMap& head,
                           const DerivationGraph& graph, const DerivationReader& read);

}  // namespace grange
