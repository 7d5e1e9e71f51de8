#include "record/derivations.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/compression.h"
#include "base/error.h"
#include "record/column_values.h"
#include "record/derivation_text.h"
#include "record/digest_queries.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::size_t kAskedTogether = 5000;

std::string digest_column(std::string_view hash_part) {
  const auto bytes = nix32_decode(hash_part);
  if (!bytes) throw InvalidError("'" + std::string(hash_part) + "' is no digest of a store path");
  return {bytes->begin(), bytes->end()};
}

ByteView text_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view column_bytes(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The digests of those outputs whose paths are known.
std::string packed_outputs(const DerivationGraph& graph, DerivationIndex index) {
  std::vector<KnownOutputDigest> outputs;
  auto names = graph.output_names(index);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto digest = graph.output_path_digest(index, i);
    if (!digest.empty()) outputs.push_back({std::move(names[i]), digest_column(digest)});
  }
  return pack_outputs(outputs);
}

/// What the text of a derivation is likely to name, in the order of the numbers that stand for it:
/// its own outputs, and each input with its outputs.
class LikelyNames {
 public:
  LikelyNames(std::string_view packed_outputs, std::string_view derivation_name)
      : names_(unpack_output_names(packed_outputs, derivation_name)) {}
  void add_input(std::string base_name, std::string_view packed_outputs,
                 std::string_view derivation_name) {
    names_.push_back(std::move(base_name));
    for (auto& name : unpack_output_names(packed_outputs, derivation_name)) {
      names_.push_back(std::move(name));
    }
  }
  std::span<const std::string> get() const { return names_; }

 private:
  std::vector<std::string> names_;
};

std::map<std::string, std::int64_t, std::less<>> system_ids(Database& database) {
  std::map<std::string, std::int64_t, std::less<>> ids;
  auto statement = database.prepare("SELECT name, id FROM systems");
  while (statement.step()) {
    RowReader row(statement);
    auto name = row.text();
    ids.emplace(std::move(name), row.integer());
  }
  return ids;
}

std::vector<std::int64_t> unpack_inputs(std::string_view packed) {
  std::vector<std::int64_t> ids;
  for (std::size_t at = 0; at < packed.size();) {
    ids.push_back(static_cast<std::int64_t>(take_number(packed, at)));
  }
  return ids;
}

DerivationRow read_derivation_row(const Statement& statement) {
  RowReader row(statement);
  const auto id = row.integer();
  const auto blob = row.blob();
  const std::string digest(blob.begin(), blob.end());
  auto path = StorePath::make(digest, row.text() + ".drv");
  auto system = row.text();
  DerivationRow found{id, std::move(path), std::move(system), std::nullopt};
  if (const auto hex = row.blob(); hex.size() == sizeof(Sha256)) {
    Sha256 bytes;
    std::copy(hex.begin(), hex.end(), bytes.begin());
    found.output_set = OutputSetId(bytes);
  }
  return found;
}

constexpr std::string_view kDerivationColumns =
    "SELECT d.id, d.digest, d.name, s.name, o.digest FROM derivations d "
    "JOIN systems s ON s.id = d.system LEFT JOIN output_sets o ON o.id = d.output_set ";

}  // namespace

std::int64_t allocate_ids(Database& database, std::string_view table, std::int64_t count) {
  run(database, "INSERT INTO id_ranges (name, next) VALUES (?1, 1) ON CONFLICT (name) DO NOTHING",
      table);
  return *find_integer(database,
                       "UPDATE id_ranges SET next = next + ?2 WHERE name = ?1 "
                       "RETURNING next - ?2",
                       table, count);
}

namespace {

/// The same in three journeys to a server. Writers take turns: what is missing stays so meanwhile.
std::vector<std::int64_t> output_set_ids_at_once(Database& database,
                                                 std::span<const OutputSetId> sets) {
  std::map<OutputSetId, std::int64_t> known;
  const auto bytes_of = [](const OutputSetId& set) { return ByteView(set.bytes()); };
  const auto look_for = [&](std::span<const OutputSetId> asked) {
    query_digests(database, "SELECT digest, id FROM output_sets WHERE digest",
                  digests_of(asked, bytes_of), {}, [&](const Statement& row) {
                    known.emplace(output_set_of_column(row.blob(0)), row.integer(1));
                  });
  };
  look_for(sets);
  std::set<OutputSetId> missing;
  for (const auto& set : sets) {
    if (!known.contains(set)) missing.insert(set);
  }
  if (!missing.empty()) {
    constexpr std::string_view kDigest[] = {"digest"};
    const auto bulk = database.bulk_insert("output_sets", kDigest);
    for (const auto& set : missing) {
      bulk->bind_blob(1, set.bytes());
      bulk->next();
    }
    bulk->finish();
    look_for(std::vector<OutputSetId>(missing.begin(), missing.end()));
  }
  std::vector<std::int64_t> ids;
  ids.reserve(sets.size());
  for (const auto& set : sets) {
    const auto found = known.find(set);
    if (found == known.end()) {
      throw CorruptError("an output set vanished while it was being added");
    }
    ids.push_back(found->second);
  }
  return ids;
}

}  // namespace

std::vector<std::int64_t> output_set_ids(Database& database, std::span<const OutputSetId> sets) {
  if (is_better_asked_at_once(database, sets.size())) return output_set_ids_at_once(database, sets);
  auto add =
      database.prepare("INSERT INTO output_sets (digest) VALUES (?1) ON CONFLICT DO NOTHING");
  auto find = database.prepare("SELECT id FROM output_sets WHERE digest = ?1");
  std::vector<std::int64_t> ids;
  ids.reserve(sets.size());
  for (const auto& set : sets) {
    find.bind_blob(1, set.bytes());
    if (!find.step()) {
      find.reset();
      add.bind_blob(1, set.bytes()).run();
      find.bind_blob(1, set.bytes());
      if (!find.step()) throw CorruptError("an output set vanished while it was being added");
    }
    ids.push_back(find.integer(0));
    find.reset();
  }
  return ids;
}

std::vector<std::int64_t> Derivations::add(const DerivationGraph& graph,
                                           std::span<const DerivationIndex> roots,
                                           const DerivationReader& reader) {
  allocate_ids(database_, "derivations", 0);  // nobody else adds any from here on
  Ids ids;
  Outputs outputs;
  const auto unknown = find_unknown(graph, roots, ids, outputs);
  add_unknown(graph, unknown, reader, ids, outputs);
  std::vector<std::int64_t> found;
  found.reserve(roots.size());
  for (const auto root : roots) found.push_back(ids.at(root));
  return found;
}

std::vector<DerivationIndex> Derivations::find_unknown(const DerivationGraph& graph,
                                                       std::span<const DerivationIndex> roots,
                                                       Ids& ids, Outputs& outputs) {
  auto find = database_.prepare("SELECT digest, id, outputs FROM derivations WHERE digest " +
                                database_.one_of(1, Database::ListOf::blobs));
  std::vector<bool> seen(graph.size());
  std::vector<DerivationIndex> unknown;
  std::vector<DerivationIndex> todo;
  const auto visit = [&](DerivationIndex index) {
    if (seen[index]) return;
    seen[index] = true;
    todo.push_back(index);
  };
  for (const auto root : roots) visit(root);
  while (!todo.empty()) {
    const auto asked = std::exchange(todo, {});
    for (std::size_t begin = 0; begin < asked.size(); begin += kAskedTogether) {
      const auto end = std::min(asked.size(), begin + kAskedTogether);
      std::unordered_map<std::string, DerivationIndex> by_digest;
      std::vector<std::string> digests;
      for (auto i = begin; i < end; ++i) {
        digests.push_back(digest_column(graph.base_name(asked[i]).substr(0, 32)));
        by_digest.emplace(digests.back(), asked[i]);
      }
      std::vector<ByteView> list;
      list.reserve(digests.size());
      for (const auto& digest : digests) list.push_back(text_bytes(digest));
      find.bind_blobs(1, list);
      while (find.step()) {
        const auto digest = find.blob(0);
        const auto index = by_digest.at({digest.begin(), digest.end()});
        ids.emplace(index, find.integer(1));
        outputs.emplace(index, column_bytes(find.blob(2)));
      }
      find.reset();
      for (auto i = begin; i < end; ++i) {
        if (ids.contains(asked[i])) continue;
        unknown.push_back(asked[i]);
        for (const auto& edge : graph.inputs(asked[i])) visit(edge.input);
      }
    }
  }
  std::sort(unknown.begin(), unknown.end());  // inputs have smaller indices than what uses them
  return unknown;
}

void Derivations::add_unknown(const DerivationGraph& graph,
                              const std::vector<DerivationIndex>& unknown,
                              const DerivationReader& reader, Ids& ids, Outputs& outputs) {
  if (unknown.empty()) return;
  std::vector<OutputSetId> promises;
  for (const auto index : unknown) {
    if (const auto set = graph.output_set(index)) promises.push_back(*set);
  }
  const auto promise_ids = output_set_ids(database_, promises);
  auto next_promise = promise_ids.begin();
  auto systems = system_ids(database_);
  auto id = allocate_ids(database_, "derivations", static_cast<std::int64_t>(unknown.size()));
  struct Row {
    std::string digest;
    std::string name;
    std::int64_t system;
    std::string inputs;
  };
  std::vector<Row> rows;
  rows.reserve(unknown.size());
  std::vector<std::string> briefs;
  briefs.reserve(unknown.size());
  const auto first_id = id;
  std::string text;
  for (const auto index : unknown) {
    const auto path = graph.path(index);
    if (!reader(path, text)) {
      throw NotFoundError("derivation '" + graph.store_dir().print(path) + "' is gone");
    }
    if (graph.state(index) == DerivationGraph::State::malformed && graph.system(index).empty()) {
      throw InvalidError("derivation '" + graph.store_dir().print(path) +
                         "': " + std::string(graph.problem(index)));
    }
    const std::string named(graph.system(index));
    auto system = systems.find(named);
    if (system == systems.end()) {
      system =
          systems
              .emplace(named,
                       *find_integer(database_,
                                     "INSERT INTO systems (name) VALUES (?1) RETURNING id", named))
              .first;
    }
    Row row{
        digest_column(path.hash_part()), std::string(path.derivation_name()), system->second, {}};
    ids.emplace(index, id++);
    const auto& own = outputs.emplace(index, packed_outputs(graph, index)).first->second;
    LikelyNames names(own, row.name);
    for (const auto& edge : graph.inputs(index)) {
      put_number(row.inputs, static_cast<std::uint64_t>(ids.at(edge.input)));
      names.add_input(std::string(graph.base_name(edge.input)), outputs.at(edge.input),
                      graph.derivation_name(edge.input));
    }
    briefs.push_back(abbreviate_derivation(text, names.get()));
    rows.push_back(std::move(row));
  }
  DerivationBatches(database_).add(first_id, briefs);
  constexpr std::string_view kColumns[] = {"id",      "digest",     "name",       "gnu",
                                           "system",  "output_set", "unverified", "inputs",
                                           "outputs", "content"};
  const auto bulk = database_.bulk_insert("derivations", kColumns);
  const bool gnu = graph.store_dir().str() == "/gnu/store";
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    bulk->bind(1, ids.at(unknown[i]));
    bulk->bind_blob(2, text_bytes(rows[i].digest));
    bulk->bind(3, std::string_view(rows[i].name));
    bulk->bind(4, std::int64_t{gnu});
    bulk->bind(5, rows[i].system);
    if (graph.output_set(unknown[i])) {
      bulk->bind(6, *next_promise++);
    } else {
      bulk->bind_null(6);
    }
    bulk->bind(7, std::int64_t{graph.state(unknown[i]) != DerivationGraph::State::verified});
    bulk->bind_blob(8, text_bytes(rows[i].inputs));
    bulk->bind_blob(9, text_bytes(outputs.at(unknown[i])));
    bulk->bind_blob(10, {});
    bulk->next();
  }
  bulk->finish();
}

std::optional<DerivationRow> Derivations::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kDerivationColumns) + "WHERE d.id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return read_derivation_row(statement);
}

std::optional<DerivationRow> Derivations::find(const StorePath& path) {
  auto statement = database_.prepare(std::string(kDerivationColumns) + "WHERE d.digest = ?1");
  const auto digest = digest_column(path.hash_part());
  statement.bind_blob(1, text_bytes(digest));
  if (!statement.step()) return std::nullopt;
  return read_derivation_row(statement);
}

std::vector<DerivationRow> Derivations::find(std::span<const std::int64_t> ids) {
  std::vector<DerivationRow> rows;
  if (ids.empty()) return rows;
  auto statement =
      database_.prepare(std::string(kDerivationColumns) + "WHERE d.id " +
                        database_.one_of(1, Database::ListOf::integers) + " ORDER BY d.id");
  statement.bind_integers(1, ids);
  while (statement.step()) rows.push_back(read_derivation_row(statement));
  return rows;
}

std::vector<DerivationRow> Derivations::recipes_of(std::int64_t output_set, std::size_t limit) {
  auto statement = database_.prepare(std::string(kDerivationColumns) +
                                     "WHERE d.output_set = ?1 ORDER BY d.id DESC LIMIT ?2");
  bind_all(statement, output_set, limit);
  std::vector<DerivationRow> rows;
  while (statement.step()) rows.push_back(read_derivation_row(statement));
  return rows;
}

std::vector<std::int64_t> Derivations::inputs(std::int64_t id) {
  auto statement = database_.prepare("SELECT inputs FROM derivations WHERE id = ?1");
  statement.bind(1, id);
  std::vector<std::int64_t> ids;
  if (!statement.step()) return ids;
  return unpack_inputs(column_bytes(statement.blob(0)));
}

std::string Derivations::text(std::int64_t id) {
  auto statement =
      database_.prepare("SELECT name, inputs, outputs, content FROM derivations WHERE id = ?1");
  statement.bind(1, id);
  if (!statement.step()) {
    throw NotFoundError("no derivation with the id " + std::to_string(id) + " is recorded");
  }
  if (const auto whole = column_bytes(statement.blob(3)); !whole.empty()) {
    return decompress(Compression::zstd, whole, DerivationBatches::kLargestText);
  }
  LikelyNames names(column_bytes(statement.blob(2)), statement.text(0));
  const auto inputs = unpack_inputs(column_bytes(statement.blob(1)));
  statement.reset();
  struct Input {
    std::string digest, name, outputs;
  };
  std::unordered_map<std::int64_t, Input> found;
  auto asked = database_.prepare("SELECT id, digest, name, outputs FROM derivations WHERE id " +
                                 database_.one_of(1, Database::ListOf::integers));
  asked.bind_integers(1, inputs);
  while (asked.step()) {
    found.emplace(asked.integer(0),
                  Input{std::string(column_bytes(asked.blob(1))), std::string(asked.text(2)),
                        std::string(column_bytes(asked.blob(3)))});
  }
  for (const auto input : inputs) {
    const auto row = found.find(input);
    if (row == found.end()) {
      throw CorruptError("the recorded derivation " + std::to_string(id) + " uses " +
                         std::to_string(input) + ", which is not there");
    }
    const auto& [digest, name, outputs] = row->second;
    names.add_input(StorePath::make(digest, name + ".drv").base_name(), outputs, name);
  }
  const auto brief = batches_.find(id);
  if (!brief) {
    throw CorruptError("the text of the recorded derivation " + std::to_string(id) +
                       " is not there");
  }
  return expand_derivation(*brief, names.get(), DerivationBatches::kLargestText);
}

}  // namespace grange
