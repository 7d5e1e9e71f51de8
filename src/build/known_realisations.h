#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "derivation/realisation.h"
#include "derivation/store_path.h"

namespace grange {

/// The realisations that one run has met, with what they depend on. One owner.
class KnownRealisations {
 public:
  /// Where those are looked up that the run has not met itself: in one batch.
  using Lookup = std::function<std::map<DrvOutput, Realisation>(const std::set<DrvOutput>&)>;
  explicit KnownRealisations(Lookup lookup) : lookup_(std::move(lookup)) {}

  /// The first one of an id stays.
  void learn(const Realisation& realisation);
  const Realisation* find(const DrvOutput& id) const;
  /// Of `inputs` and all that they depend on: those whose output is among `references`. It is what
  /// the realisation of something made from `inputs` depends on (nix-store.md §5.2).
  std::map<DrvOutput, StorePath> among(const std::set<DrvOutput>& inputs,
                                       const std::set<StorePath>& references);

 private:
  using Index = std::uint32_t;
  struct Entry {
    Realisation realisation;
    std::optional<std::vector<Index>> below{};  ///< once it was asked for
    std::uint32_t seen = 0;                     ///< by which walk
  };
  std::vector<Index> indices_of(const std::set<DrvOutput>& ids);

  Lookup lookup_;
  std::map<DrvOutput, Index> indices_;
  std::vector<Entry> entries_;
  std::uint32_t walks_ = 0;
};

}  // namespace grange
