#pragma once

#include <filesystem>
#include <optional>

#include "process/confinement.h"

namespace grange {

/// Below the builders' (UidPool), beside FetchOptions::kFetchId.
inline constexpr uid_t kEvaluatorId = 29998;

/// Root's evaluators are the account `grange-evaluate`, or kEvaluatorId where there is none;
/// nothing for anybody else.
std::optional<ProcessIdentity> evaluator_identity();

/// Lets `identity` add to an eval store of ours: nix's own files become its, and its group may
/// write to directories that both use. Objects stay whose they are.
void give_eval_store(const std::filesystem::path& root, const ProcessIdentity& identity);

}  // namespace grange
