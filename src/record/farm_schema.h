#pragma once

#include <string_view>

namespace grange {

/// The tables of a farm, as one step of the record's schema (schema.cc). Times are microseconds
/// since 1970. Tables whose name begins with "secret_" are never exported.
extern const std::string_view kFarmSchema;
/// Added to it later.
extern const std::string_view kFarmApiIndexes;

}  // namespace grange
