#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "derivation/store_path.h"
#include "store/local_store.h"

namespace grange {

/// Makes aggregates depend on constituents that they only name, as nix-eval-jobs does: what an
/// expression says by a label is no input of a derivation, but an aggregate is made of its
/// constituents, and fails with them.
class AggregateRecipe {
 public:
  explicit AggregateRecipe(const std::filesystem::path& eval_store_root);
  ~AggregateRecipe();

  /// The derivation that differs from `aggregate` in having the first output of each of
  /// `constituents` as an input; it is written to the eval store. Throws NotFoundError and
  /// InvalidError for derivations that are not there or broken.
  StorePath with_inputs(const StorePath& aggregate, const std::vector<StorePath>& constituents);

 private:
  StoreLocation location_;
  DerivationReader reader_;
  std::unique_ptr<LocalStore> store_;  ///< opened when it is needed; what it wrote is its root
};

}  // namespace grange
