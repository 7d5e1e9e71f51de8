#pragma once

#include <string_view>

namespace grange {

/// The tables of a farm, as one step of the record's schema (schema.cc). Times are microseconds
/// since 1970. Tables whose name begins with "secret_" are never exported.
extern const std::string_view kFarmSchema;
/// The next step: what files declare, and commits by branch.
extern const std::string_view kDeclarationSchema;
/// A later step: what rehearsals are known by, how derivations are stored, indices.
extern const std::string_view kFarmStorageSchema;
/// Builds that are marked to be kept are found without looking at all.
extern const std::string_view kKeptBuildsSchema;
/// Added to it later.
extern const std::string_view kFarmApiIndexes;
/// What evaluations that run have in common with the last complete ones.
extern const std::string_view kUnchangedTargetsSchema;
/// Sizes of evaluations, and what pages look for and filter by.
extern const std::string_view kFarmPagesSchema;

}  // namespace grange
