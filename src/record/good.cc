#include "record/good.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "record/column_values.h"
#include "record/digest_queries.h"

namespace grange {
namespace {

// The newest map that says so; what was made here (no map) stays without one.
constexpr std::string_view kOnKnownRecipe =
    "ON CONFLICT (digest) DO UPDATE SET map = excluded.map WHERE good_recipes.map IS NOT NULL AND "
    "good_recipes.map IS DISTINCT FROM excluded.map";
constexpr std::string_view kOnKnownOutputSet =
    "ON CONFLICT (digest) DO UPDATE SET map = excluded.map WHERE good_output_sets.map IS DISTINCT "
    "FROM excluded.map";

Bytes path_digest(const StorePath& path) {
  return nix32_decode(path.hash_part()).value_or(Bytes());
}

ByteView bytes_of(const OutputSetId& output_set) {
  return output_set.bytes();
}

template <typename T>
void sort_and_join(std::vector<T>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

GoodTables::GoodTables(Database& database)
    : database_(database),
      add_recipe_(database.prepare("INSERT INTO good_recipes (digest, map) VALUES (?1, ?2) " +
                                   std::string(kOnKnownRecipe))),
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
  sort_and_join(recipes);
  sort_and_join(output_sets);
  insert_digests(database_, "good_recipes", kOnKnownRecipe,
                 digests_of(recipes, [](const Bytes& digest) { return ByteView(digest); }), map_id);
  insert_digests(database_, "good_output_sets", kOnKnownOutputSet,
                 digests_of(output_sets, bytes_of), map_id);
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

void GoodTables::add_recipes(std::span<const StorePath> recipes) {
  if (!is_better_asked_at_once(database_, recipes.size())) {
    for (const auto& recipe : recipes) add_recipe(recipe);
    return;
  }
  std::vector<Bytes> digests;
  digests.reserve(recipes.size());
  for (const auto& recipe : recipes) digests.push_back(path_digest(recipe));
  sort_and_join(digests);
  insert_digests(database_, "good_recipes", kOnKnownRecipe,
                 digests_of(digests, [](const Bytes& digest) { return ByteView(digest); }),
                 std::nullopt);
}

std::vector<bool> GoodTables::has_recipes(std::span<const StorePath> recipes) {
  std::vector<bool> tried;
  tried.reserve(recipes.size());
  if (is_better_asked_at_once(database_, recipes.size())) {
    std::vector<Bytes> digests;
    digests.reserve(recipes.size());
    for (const auto& recipe : recipes) digests.push_back(path_digest(recipe));
    std::set<Bytes> found;
    query_digests(database_, "SELECT digest FROM good_recipes WHERE digest",
                  digests_of(digests, [](const Bytes& digest) { return ByteView(digest); }), {},
                  [&](const Statement& row) {
                    const auto digest = row.blob(0);
                    found.emplace(digest.begin(), digest.end());
                  });
    for (const auto& digest : digests) tried.push_back(found.contains(digest));
    return tried;
  }
  for (const auto& recipe : recipes) {
    find_recipe_.reset();
    tried.push_back(find_recipe_.bind_blob(1, path_digest(recipe)).step());
  }
  find_recipe_.reset();
  return tried;
}

std::set<OutputSetId> GoodTables::output_sets_among(std::span<const OutputSetId> output_sets) {
  std::set<OutputSetId> found;
  query_digests(database_, "SELECT digest FROM good_output_sets WHERE digest",
                digests_of(output_sets, bytes_of), {},
                [&](const Statement& row) { found.insert(output_set_of_column(row.blob(0))); });
  return found;
}

bool GoodTables::has_output_set(const OutputSetId& output_set) {
  find_output_set_.reset();
  const bool found = find_output_set_.bind_blob(1, output_set.bytes()).step();
  find_output_set_.reset();
  return found;
}

}  // namespace grange
