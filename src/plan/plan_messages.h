#pragma once

#include <span>
#include <string>
#include <vector>

#include "derivation/derivation_graph.h"
#include "plan/step.h"

namespace grange {

/// The texts that wants finish with: what, where, and what it means.

std::string printed(const DerivationGraph& graph, DerivationIndex derivation);
std::string unknown_output_message(const DerivationGraph& graph, DerivationIndex derivation,
                                   std::span<const std::string> declared,
                                   std::span<const std::string> specified);
/// For one that is missing, malformed or cyclic.
std::string broken_message(const DerivationGraph& graph, DerivationIndex derivation);
/// For one that cannot be made because of inputs; `first` says what became of the first culprit.
std::string through_input_message(const DerivationGraph& graph,
                                  std::span<const DerivationIndex> culprits,
                                  const FailedRecipe& first);
/// For what was not tried any more since `failed` failed.
std::string not_started_message(const DerivationGraph& graph, DerivationIndex failed);
/// `failures` of one step: the decisive one's own text, and which other recipes failed.
std::string failed_message(const DerivationGraph& graph, std::span<const FailedRecipe> failures,
                           const FailedRecipe& decisive);

}  // namespace grange
