#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compare/field_difference.h"
#include "derivation/derivation_graph.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"
#include "derivation/target_map.h"
#include "derivation/verdict.h"

namespace grange {

struct TargetVerdict {
  std::string label;
  Verdict verdict;
};

/// An output set that both sides have, for which the head has another recipe: written differently,
/// producing the same. Only where the recipes' own fields differ (a mirror URL), not where they
/// differ through their inputs alone (everything above the mirror URL; everything that is fetched
/// with a fetcher that changed).
struct RewrittenRecipe {
  StorePath base;
  StorePath head;
  OutputSetId output_set;
  std::vector<std::string> fields;  ///< which differ, sorted: "args", "builder", "env.urls", …
  /// How many recipes of the output set were rewritten: `base` and `head` are the pair that differs
  /// least. (A source fetched by several fetchers has a recipe for each.)
  std::size_t recipes = 1;
  std::vector<FieldDifference> differences;  ///< of `fields` that are texts, with both sides
  /// A version or revision changed, the hash did not: see suspicion.h.
  bool suspicious = false;
};

struct Comparison {
  std::vector<TargetVerdict> targets;  ///< of both sides, by label
  std::size_t same = 0, equivalent = 0, changed = 0, added = 0, removed = 0;
  std::size_t unverified = 0;              ///< among `changed`
  std::vector<RewrittenRecipe> rewritten;  ///< by name, then path
};

/// The derivations whose closures `compare_targets` looks at: those of targets that are not the
/// same on both sides. Nothing where a look would tell nothing.
std::vector<StorePath> derivations_to_compare(const TargetMap& base, const TargetMap& head);

/// What became of every label. Pure. A label whose evaluation failed on the head side but stood in
/// the base is not removed: it is left out (its error is told elsewhere).
///
/// `graph` must hold the closures of `derivations_to_compare` (more does no harm); what it lacks is
/// unverified. `read` is used again only for fixed-output recipes that are new on the head side and
/// whose output set the base has too; from several threads. Throws InvalidError for maps of two
/// store directories.
Comparison compare_targets(const TargetMap& base, const TargetMap& head,
                           const DerivationGraph& graph, const DerivationReader& read);

}  // namespace grange
