#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/zstd_dictionary.h"
#include "database/database.h"

namespace grange {

/// The table derivation_texts: abbreviated texts of derivations with consecutive ids, many in one
/// compressed row, because neighbours are alike; by a dictionary, so that a few alone become small,
/// too. What is read may come from anywhere and is bounded.
class DerivationBatches {
 public:
  /// No text is larger.
  static constexpr std::uint64_t kLargestText = std::uint64_t{256} << 20;

  explicit DerivationBatches(Database& database) : database_(database) {}

  /// Of the derivations with the ids from `first` on. Inside the caller's transaction.
  void add(std::int64_t first, std::span<const std::string> briefs);
  /// Nothing where there is none. Neighbours of the last one that was asked for cost little.
  std::optional<std::string_view> find(std::int64_t id);

 private:
  void choose_dictionary(std::span<const std::string> samples);
  void read_batch(std::int64_t id);

  Database& database_;
  std::optional<std::int64_t> dictionary_id_;  ///< of `dictionary_`; 0: none
  std::optional<ZstdDictionary> dictionary_;
  std::int64_t first_ = 0;  ///< of the batch that was read last
  std::string batch_;
  std::vector<std::string_view> briefs_;
};

}  // namespace grange
