#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "serve/api_context.h"

namespace grange {

// Parameters that several nouns have. Throw InvalidFieldsError for what is malformed.

/// How something ended, by the parameter `outcome`.
std::optional<Outcome> outcome_parameter(const ApiCall& call);
/// The output set that is named by its id or by the file name of one of its recipes, as the
/// parameter `outputSet` does; nothing where it is not known.
std::optional<OutputSetId> output_set_named(Database& database, const std::string& text);
/// Its row.
std::optional<std::int64_t> output_set_row(Database& database, const OutputSetId& set);

}  // namespace grange
