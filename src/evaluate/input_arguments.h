#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evaluate/fetched_inputs.h"

namespace grange {

/// A text as a string of the Nix language.
std::string nix_string(std::string_view text);

/// The set that stands for an input with a store path, as a Nix expression.
std::string nix_input_set(const FetchedInput& input, const StoreDir& store_dir);

/// Throws InvalidError unless the expression's input is one with files, and its path is relative
/// and does not lead upwards.
void check_expression(const std::vector<ParsedInput>& inputs, const JobsetExpression& expression);

/// FetchedInputs::digest.
std::string input_digest(const FetchedInputs& inputs);

}  // namespace grange
