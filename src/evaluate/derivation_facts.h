#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "derivation/store_path.h"
#include "evaluate/evaluator.h"

namespace grange {

/// Makes targets of what evaluators name, from the .drv files themselves: an evaluator's own words
/// for name, system and outputs are whatever an expression says they are.
class DerivationFacts {
 public:
  explicit DerivationFacts(const std::filesystem::path& eval_store_root);

  /// Throws InvalidError when `derivation_path` is no path of a .drv, NotFoundError when the eval
  /// store does not have it.
  EvaluatedTarget target(std::vector<std::string> attr_path,
                         const std::string& derivation_path) const;

  const StoreDir& store_dir() const { return store_dir_; }

 private:
  StoreDir store_dir_ = StoreDir::nix();
  std::filesystem::path real_store_;
};

}  // namespace grange
