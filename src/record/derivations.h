#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "database/database.h"
#include "derivation/derivation_graph.h"
#include "record/derivation_batches.h"

namespace grange {

/// A derivation that is remembered, without its content.
struct DerivationRow {
  std::int64_t id = 0;
  StorePath path;
  std::string system;
  std::optional<OutputSetId> output_set;
};

/// The tables of derivations: each once, with whom it uses, and its text.
class Derivations {
 public:
  explicit Derivations(Database& database) : database_(database), batches_(database) {}

  /// Adds the closures of these derivations of a graph, as far as they are not there; their ids.
  /// Asks only for what lies below what is not known, in batches. Inside the caller's transaction,
  /// which no other one that adds derivations passes. Throws NotFoundError when a text is gone.
  std::vector<std::int64_t> add(const DerivationGraph& graph,
                                std::span<const DerivationIndex> roots,
                                const DerivationReader& reader);
  std::optional<DerivationRow> find(std::int64_t id);
  std::optional<DerivationRow> find(const StorePath& path);
  /// Those that are there, by id.
  std::vector<DerivationRow> find(std::span<const std::int64_t> ids);
  /// Equivalent ones, the newest first: of the row of an output set.
  std::vector<DerivationRow> recipes_of(std::int64_t output_set, std::size_t limit);
  /// The ids of those that one uses directly.
  std::vector<std::int64_t> inputs(std::int64_t id);
  /// As it is in its .drv file, byte by byte. Throws NotFoundError, and CorruptError for what
  /// cannot have been written so; who has the database from elsewhere compares it with its path.
  std::string text(std::int64_t id);

 private:
  using Ids = std::unordered_map<DerivationIndex, std::int64_t>;
  using Outputs = std::unordered_map<DerivationIndex, std::string>;  ///< as the column has them
  std::vector<DerivationIndex> find_unknown(const DerivationGraph& graph,
                                            std::span<const DerivationIndex> roots, Ids& ids,
                                            Outputs& outputs);
  void add_unknown(const DerivationGraph& graph, const std::vector<DerivationIndex>& unknown,
                   const DerivationReader& reader, Ids& ids, Outputs& outputs);

  Database& database_;
  DerivationBatches batches_;
};

/// Lets no other transaction allocate ids of this table until the present one ends; the first of
/// `count` that are ours.
std::int64_t allocate_ids(Database& database, std::string_view table, std::int64_t count);

/// The ids of output sets; they are added where they are missing.
std::vector<std::int64_t> output_set_ids(Database& database, std::span<const OutputSetId> sets);

}  // namespace grange
