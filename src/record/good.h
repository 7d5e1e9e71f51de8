#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "database/database.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"
#include "derivation/target_map.h"

namespace grange {

/// The tables of what is known to be good: recipes and output sets of good targets, kept as long as
/// a map that says so, and recipes that were made here, kept for ever.
class GoodTables {
 public:
  explicit GoodTables(Database& database);

  /// The good targets of a map; output sets that were failing are so no more.
  void add_map(std::int64_t map_id, const TargetMap& map);
  /// Forgets what only this map said.
  void remove_map(std::int64_t map_id);
  /// A recipe that succeeded.
  void add_recipe(const StorePath& recipe);
  void add_recipes(std::span<const StorePath> recipes);

  std::vector<bool> has_recipes(std::span<const StorePath> recipes);
  bool has_output_set(const OutputSetId& output_set);
  /// The same of many, asked at once.
  std::set<OutputSetId> output_sets_among(std::span<const OutputSetId> output_sets);

 private:
  Database& database_;
  Statement add_recipe_;
  Statement find_recipe_;
  Statement find_output_set_;
};

}  // namespace grange
