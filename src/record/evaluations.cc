#include "record/evaluations.h"

#include <utility>
#include <vector>

#include "base/compression.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/hash.h"
#include "record/column_values.h"
#include "record/writing_transaction.h"

namespace grange {
namespace {

/// The first column of all rows.
std::vector<std::int64_t> integers(Statement& statement) {
  std::vector<std::int64_t> values;
  while (statement.step()) values.push_back(statement.integer(0));
  statement.reset();
  return values;
}

TargetMap read_map(std::string_view packed, std::string_view metadata,
                   std::optional<std::string_view> label) {
  if (!label) {
    return parse_target_map(decompress(Compression::zstd, packed, kMaxTargetMapSize), metadata);
  }
  StringSource source(packed);
  const auto text = make_decompression_source(Compression::zstd, source);
  return read_printed_target(*text, metadata, *label);
}

}  // namespace

EvaluationRecord unpack(StoredEvaluation stored, std::optional<std::string_view> label) {
  return with_context(
      [&] { return "while reading evaluation " + std::to_string(stored.id); },
      [&]() -> EvaluationRecord {
        const auto metadata = decompress(Compression::zstd, stored.metadata, kMaxTargetMapSize);
        try {
          return {stored.id,       std::move(stored.selection),           stored.started,
                  stored.finished, read_map(stored.map, metadata, label), std::move(stored.line)};
        } catch (const InvalidError& error) {
          throw CorruptError(error.what());  // nobody but us wrote it
        }
      });
}

EvaluationTables::EvaluationTables(Database& database, GoodTables& good, std::uint64_t kept)
    : database_(database), good_(good), kept_(kept) {}

std::int64_t EvaluationTables::selection_id(const std::string& text) {
  auto add = database_.prepare("INSERT INTO selections (text) VALUES (?1) ON CONFLICT DO NOTHING");
  auto find = database_.prepare("SELECT id FROM selections WHERE text = ?1");
  return id_of_text(add, find, text);
}

std::optional<std::int64_t> EvaluationTables::line_id(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto add = database_.prepare("INSERT INTO ci_lines (text) VALUES (?1) ON CONFLICT DO NOTHING");
  auto find = database_.prepare("SELECT id FROM ci_lines WHERE text = ?1");
  return id_of_text(add, find, text);
}

std::optional<std::int64_t> EvaluationTables::find_map(const Sha256& digest) {
  auto find = database_.prepare("SELECT id FROM maps WHERE digest = ?1");
  if (!find.bind_blob(1, digest).step()) return std::nullopt;
  return find.integer(0);
}

std::optional<std::int64_t> EvaluationTables::last_map(std::int64_t selection) {
  auto find = database_.prepare(
      "SELECT map FROM ci_evaluations WHERE selection = ?1 ORDER BY id DESC LIMIT 1");
  if (!find.bind(1, selection).step()) return std::nullopt;
  return find.integer(0);
}

std::int64_t EvaluationTables::add(const EvaluationRecord& evaluation, const TargetMapText& text) {
  const Sha256 digest = sha256(text.map);
  // Compressed before the transaction, which other processes wait for.
  std::string content;
  if (!find_map(digest)) content = compress(Compression::zstd, text.map);
  const std::string metadata = compress(Compression::zstd, text.metadata);

  WritingTransaction transaction(database_);
  const auto selection = selection_id(evaluation.selection);
  auto map = find_map(digest);
  if (!map) {
    if (content.empty()) content = compress(Compression::zstd, text.map);  // pruned since
    auto insert =
        database_.prepare("INSERT INTO maps (digest, content) VALUES (?1, ?2) RETURNING id");
    map = returned_id(insert.bind_blob(1, digest).bind_blob(2, as_bytes(content)));
  }
  if (last_map(selection) != map) good_.add_map(*map, evaluation.map);
  const auto line = line_id(evaluation.line);
  auto insert = database_.prepare(
      "INSERT INTO ci_evaluations (selection, started, finished, complete, map, metadata, line, "
      "revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id");
  insert.bind(1, selection)
      .bind(2, to_column(evaluation.started))
      .bind(3, to_column(evaluation.finished))
      .bind(4, std::int64_t{evaluation.map.complete})
      .bind(5, *map)
      .bind_blob(6, as_bytes(metadata))
      .bind_optional(7, line);
  if (evaluation.map.commit.empty()) {
    insert.bind_null(8);
  } else {
    insert.bind(8, evaluation.map.commit);
  }
  const auto id = returned_id(insert);
  prune(selection);
  fault_point("record.before-commit");
  transaction.commit();
  return id;
}

std::vector<std::int64_t> EvaluationTables::complete(const std::string& selection,
                                                     std::size_t most) {
  auto find = database_.prepare(
      "SELECT ci_evaluations.id FROM ci_evaluations "
      "JOIN selections ON selections.id = ci_evaluations.selection "
      "WHERE selections.text = ?1 AND complete = 1 ORDER BY ci_evaluations.id DESC LIMIT ?2");
  find.bind(1, selection).bind(2, static_cast<std::int64_t>(most));
  return integers(find);
}

std::optional<StoredEvaluation> EvaluationTables::last_complete(const std::string& selection) {
  const auto newest = complete(selection, 1);
  return newest.empty() ? std::nullopt : find(newest.front());
}

std::optional<StoredEvaluation> EvaluationTables::find(std::int64_t id) {
  auto find = database_.prepare(
      "SELECT selections.text, coalesce(ci_lines.text, ''), started, finished, content, metadata "
      "FROM ci_evaluations JOIN selections ON selections.id = ci_evaluations.selection "
      "JOIN maps ON maps.id = ci_evaluations.map LEFT JOIN ci_lines ON ci_lines.id = "
      "ci_evaluations.line "
      "WHERE ci_evaluations.id = ?1");
  if (!find.bind(1, id).step()) return std::nullopt;
  return StoredEvaluation{id,
                          std::string(find.text(0)),
                          std::string(find.text(1)),
                          time_of_column(find.integer(2)),
                          time_of_column(find.integer(3)),
                          std::string(as_text(find.blob(4))),
                          std::string(as_text(find.blob(5)))};
}

std::vector<std::string> EvaluationTables::selections() {
  auto find = database_.prepare("SELECT text FROM selections ORDER BY id");
  std::vector<std::string> texts;
  while (find.step()) texts.emplace_back(find.text(0));
  return texts;
}

void EvaluationTables::prune(std::int64_t selection) {
  auto find = database_.prepare(
      "SELECT id FROM ci_evaluations WHERE selection = ?1 AND id NOT IN "
      "(SELECT id FROM ci_evaluations WHERE selection = ?1 ORDER BY id DESC LIMIT ?2) AND id IS "
      "DISTINCT FROM "
      "(SELECT max(id) FROM ci_evaluations WHERE selection = ?1 AND complete = 1)");
  find.bind(1, selection).bind(2, static_cast<std::int64_t>(kept_));
  remove(integers(find));
}

std::uint64_t EvaluationTables::forget_before(TimePoint time, const std::string& selection,
                                              const std::string& line) {
  WritingTransaction transaction(database_);
  auto find = database_.prepare(
      "SELECT id FROM ci_evaluations WHERE finished < ?1 AND "
      "(selection = (SELECT id FROM selections WHERE text = ?2) OR "
      "line = (SELECT id FROM ci_lines WHERE text = ?3))");
  find.bind(1, to_column(time)).bind(2, selection).bind(3, line);
  const auto old = integers(find);
  if (old.empty()) return 0;
  remove(old);
  fault_point("record.before-commit");
  transaction.commit();
  return old.size();
}

void EvaluationTables::remove(const std::vector<std::int64_t>& evaluations) {
  if (evaluations.empty()) return;
  auto note = database_.prepare(
      "INSERT INTO forgotten_revisions (line, revision) SELECT line, revision "
      "FROM ci_evaluations WHERE id = ?1 AND complete = 1 AND line IS NOT NULL AND "
      "revision IS NOT NULL ON CONFLICT DO NOTHING");
  auto remove = database_.prepare("DELETE FROM ci_evaluations WHERE id = ?1");
  for (const auto id : evaluations) {
    note.bind(1, id).run();
    remove.bind(1, id).run();
  }
  auto find = database_.prepare(
      "SELECT id FROM maps WHERE NOT EXISTS (SELECT 1 FROM ci_evaluations WHERE map = maps.id)");
  for (const auto map : integers(find)) {
    good_.remove_map(map);
    database_.prepare("DELETE FROM maps WHERE id = ?1").bind(1, map).run();
  }
}

}  // namespace grange
