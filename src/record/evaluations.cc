#include "record/evaluations.h"

#include <utility>
#include <vector>

#include "base/compression.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/hash.h"
#include "record/column_values.h"

namespace grange {

EvaluationRecord unpack(StoredEvaluation stored) {
  return with_context(
      [&] { return "while reading evaluation " + std::to_string(stored.id); },
      [&]() -> EvaluationRecord {
        const auto map = decompress(Compression::zstd, stored.map, kMaxTargetMapSize);
        const auto metadata = decompress(Compression::zstd, stored.metadata, kMaxTargetMapSize);
        try {
          return {stored.id, std::move(stored.selection), stored.started, stored.finished,
                  parse_target_map(map, metadata)};
        } catch (const InvalidError& error) {
          throw CorruptError(error.what());  // nobody but us wrote it
        }
      });
}

EvaluationTables::EvaluationTables(SqliteDatabase& database, GoodTables& good, std::uint64_t kept)
    : database_(database), good_(good), kept_(kept) {}

std::int64_t EvaluationTables::selection_id(const std::string& text) {
  auto add = database_.prepare("INSERT OR IGNORE INTO selections (text) VALUES (?1)");
  auto find = database_.prepare("SELECT id FROM selections WHERE text = ?1");
  return id_of_text(add, find, text);
}

std::optional<std::int64_t> EvaluationTables::find_map(const Sha256& digest) {
  auto find = database_.prepare("SELECT id FROM maps WHERE digest = ?1");
  if (!find.bind_blob(1, digest).step()) return std::nullopt;
  return find.integer(0);
}

std::optional<std::int64_t> EvaluationTables::last_map(std::int64_t selection) {
  auto find = database_.prepare(
      "SELECT map FROM evaluations WHERE selection = ?1 ORDER BY id DESC LIMIT 1");
  if (!find.bind(1, selection).step()) return std::nullopt;
  return find.integer(0);
}

std::int64_t EvaluationTables::add(const EvaluationRecord& evaluation, const TargetMapText& text) {
  const Sha256 digest = sha256(text.map);
  // Compressed before the transaction, which other processes wait for.
  std::string content;
  if (!find_map(digest)) content = compress(Compression::zstd, text.map);
  const std::string metadata = compress(Compression::zstd, text.metadata);

  SqliteTransaction transaction(database_);
  const auto selection = selection_id(evaluation.selection);
  auto map = find_map(digest);
  if (!map) {
    if (content.empty()) content = compress(Compression::zstd, text.map);  // pruned since
    auto insert = database_.prepare("INSERT INTO maps (digest, content) VALUES (?1, ?2)");
    insert.bind_blob(1, digest).bind_blob(2, as_bytes(content)).run();
    map = database_.last_insert_id();
  }
  if (last_map(selection) != map) good_.add_map(*map, evaluation.map);
  auto insert = database_.prepare(
      "INSERT INTO evaluations (selection, started, finished, complete, map, metadata) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  insert.bind(1, selection)
      .bind(2, to_column(evaluation.started))
      .bind(3, to_column(evaluation.finished))
      .bind(4, std::int64_t{evaluation.map.complete})
      .bind(5, *map)
      .bind_blob(6, as_bytes(metadata))
      .run();
  const auto id = database_.last_insert_id();
  prune(selection);
  fault_point("record.before-commit");
  transaction.commit();
  return id;
}

std::optional<StoredEvaluation> EvaluationTables::last_complete(const std::string& selection) {
  auto find = database_.prepare(
      "SELECT evaluations.id, started, finished, content, metadata FROM evaluations "
      "JOIN selections ON selections.id = evaluations.selection "
      "JOIN maps ON maps.id = evaluations.map "
      "WHERE selections.text = ?1 AND complete = 1 ORDER BY evaluations.id DESC LIMIT 1");
  if (!find.bind(1, selection).step()) return std::nullopt;
  return StoredEvaluation{find.integer(0),
                          selection,
                          time_of_column(find.integer(1)),
                          time_of_column(find.integer(2)),
                          std::string(as_text(find.blob(3))),
                          std::string(as_text(find.blob(4)))};
}

std::vector<std::string> EvaluationTables::selections() {
  auto find = database_.prepare("SELECT text FROM selections ORDER BY id");
  std::vector<std::string> texts;
  while (find.step()) texts.emplace_back(find.text(0));
  return texts;
}

void EvaluationTables::prune(std::int64_t selection) {
  auto remove = database_.prepare(
      "DELETE FROM evaluations WHERE selection = ?1 AND id NOT IN "
      "(SELECT id FROM evaluations WHERE selection = ?1 ORDER BY id DESC LIMIT ?2) AND id IS NOT "
      "(SELECT max(id) FROM evaluations WHERE selection = ?1 AND complete = 1)");
  if (remove.bind(1, selection).bind(2, static_cast<std::int64_t>(kept_)).run() == 0) return;
  std::vector<std::int64_t> unused;
  auto find = database_.prepare(
      "SELECT id FROM maps WHERE NOT EXISTS (SELECT 1 FROM evaluations WHERE map = maps.id)");
  while (find.step()) unused.push_back(find.integer(0));
  find.reset();
  for (const auto map : unused) {
    good_.remove_map(map);
    database_.prepare("DELETE FROM maps WHERE id = ?1").bind(1, map).run();
  }
}

}  // namespace grange
