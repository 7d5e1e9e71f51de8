#include "record/good.h"

#include <algorithm>

#include "base/encoding.h"

namespace grange {
namespace {

Bytes path_digest(const StorePath& path) {
  return nix32_decode(path.hash_part()).value_or(Bytes());
}

}  // namespace

GoodTables::GoodTables(Database& database)
    : database_(database),
      // The newest map that says so; what was made here (no map) stays without one.
      add_recipe_(database.prepare(
          "INSERT INTO good_recipes (digest, map) VALUES (?1, ?2) ON CONFLICT (digest) DO UPDATE "
          "SET map = excluded.map WHERE good_recipes.map IS NOT NULL AND good_recipes.map IS "
          "DISTINCT FROM excluded.map")),
      add_output_set_(database.prepare(
          "INSERT INTO good_output_sets (digest, map) VALUES (?1, ?2) ON CONFLICT (digest) DO "
          "UPDATE SET map = excluded.map WHERE good_output_sets.map IS DISTINCT FROM "
          "excluded.map")),
      find_recipe_(database.prepare("SELECT 1 FROM good_recipes WHERE digest = ?1")),
      find_output_set_(database.prepare("SELECT 1 FROM good_output_sets WHERE digest = ?1")) {}

void GoodTables::add_map(std::int64_t map_id, const TargetMap& map) {
  std::vector<Bytes> recipes;
  std::vector<OutputSetId> output_sets;
  for (const auto& [label, target] : map.targets) {
    if (target.outcome != Outcome::good) continue;
    recipes.push_back(path_digest(target.derivation));
    if (target.output_set) output_sets.push_back(*target.output_set);
  }
  // In the order of the tables, which are sorted: neighbours share pages.
  std::sort(recipes.begin(), recipes.end());
  std::sort(output_sets.begin(), output_sets.end());
  for (const auto& recipe : recipes) add_recipe_.bind_blob(1, recipe).bind(2, map_id).run();
  for (const auto& output_set : output_sets) {
    add_output_set_.bind_blob(1, output_set.bytes()).bind(2, map_id).run();
  }
  database_
      .prepare(
          "UPDATE output_sets SET outcome = 'good' WHERE outcome <> 'good' AND digest IN "
          "(SELECT digest FROM good_output_sets WHERE map = ?1)")
      .bind(1, map_id)
      .run();
}

void GoodTables::remove_map(std::int64_t map_id) {
  database_.prepare("DELETE FROM good_recipes WHERE map = ?1").bind(1, map_id).run();
  database_.prepare("DELETE FROM good_output_sets WHERE map = ?1").bind(1, map_id).run();
}

void GoodTables::add_recipe(const StorePath& recipe) {
  add_recipe_.bind_blob(1, path_digest(recipe)).bind_null(2).run();
}

std::vector<bool> GoodTables::has_recipes(std::span<const StorePath> recipes) {
  std::vector<bool> tried;
  tried.reserve(recipes.size());
  for (const auto& recipe : recipes) {
    find_recipe_.reset();
    tried.push_back(find_recipe_.bind_blob(1, path_digest(recipe)).step());
  }
  find_recipe_.reset();
  return tried;
}

bool GoodTables::has_output_set(const OutputSetId& output_set) {
  find_output_set_.reset();
  const bool found = find_output_set_.bind_blob(1, output_set.bytes()).step();
  find_output_set_.reset();
  return found;
}

}  // namespace grange
