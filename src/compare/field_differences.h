#pragma once

#include <string>
#include <vector>

#include "derivation/derivation.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// One recipe of a pair: its place in the graph and its fields.
struct RecipeFields {
  DerivationIndex index;
  Derivation derivation;
};

/// The names of the fields that differ, sorted: "args", "builder", "env.NAME", "inputs", "name",
/// "sources", "system". Outputs are not looked at: they are what the two have in common.
///
/// Inputs are compared by what they promise and which of their outputs are used. An input that was
/// replaced by another one of the same package (zlib-1.2.8 by zlib-1.3, or by another build of
/// 1.2.8) changed elsewhere: neither it nor the paths that it brings into other fields count.
std::vector<std::string> differing_fields(const DerivationGraph& graph, const RecipeFields& base,
                                          const RecipeFields& head);

/// What a recipe uses, as one text that is equal for equivalent inputs.
std::string equivalent_inputs(const DerivationGraph& graph, DerivationIndex recipe);

}  // namespace grange
