#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "build/build_failure.h"
#include "build/collect_outputs.h"
#include "derivation/build_result.h"
#include "store/local_store.h"

namespace grange {

/// An output as it was made the first time.
struct FirstOutput {
  StorePath path;  ///< promised
  Hash nar_hash;
  std::filesystem::path tree;  ///< where it is
  bool valid = false;          ///< it is the store's; false: an earlier round of this attempt
};
using FirstOutputs = std::map<std::string, FirstOutput>;  ///< by output name

/// Those outputs that are among the `valid` ones, as the store has them.
FirstOutputs valid_outputs(LocalStore& store, const std::map<std::string, StorePath>& promised,
                           const std::set<StorePath>& valid);
/// What this attempt made itself, and has not moved yet.
FirstOutputs first_outputs(const std::vector<CollectedOutput>& outputs);

struct OutputsComparison {
  std::map<std::string, OutputComparison> compared;  ///< by output name
  /// `not_deterministic`, naming the outputs, with a listing of where they differ (bounded).
  std::optional<BuildFailure> failure;
};

/// Compares outputs that were made again with the first ones, by the hashes of their NARs. Throws
/// CancelledError when stopped.
OutputsComparison compare_outputs(const StoreDir& store, const StorePath& derivation_path,
                                  const FirstOutputs& first,
                                  const std::vector<CollectedOutput>& again,
                                  const std::stop_token& stop);

}  // namespace grange
