#include "record/commit_maps.h"

#include "derivation/json_string.h"

namespace grange {
namespace {

std::string json_array(std::span<const std::string> texts) {
  std::string json = "[";
  for (const auto& text : texts) {
    if (json.size() > 1) json += ',';
    append_json_string(json, text);
  }
  return json + "]";
}

}  // namespace

CommitMaps find_commit_maps(SqliteDatabase& database, const std::string& line,
                            std::span<const std::string> commits) {
  CommitMaps maps;
  if (line.empty() || commits.empty()) return maps;
  // The commits are the outer loop: each is one search in an index, however long the record is.
  auto find = database.prepare(
      "WITH asked AS MATERIALIZED (SELECT value AS revision FROM json_each(?2)), "
      "own AS MATERIALIZED (SELECT id FROM lines WHERE text = ?1) "
      "SELECT asked.revision, (SELECT max(evaluations.id) FROM evaluations WHERE line = own.id AND "
      "evaluations.revision = asked.revision AND complete = 1 AND "
      "evaluations.revision IS NOT NULL) AS newest, "
      "EXISTS (SELECT 1 FROM forgotten_revisions AS forgotten WHERE forgotten.line = own.id AND "
      "forgotten.revision = asked.revision) AS was "
      "FROM own, asked WHERE newest IS NOT NULL OR was");
  find.bind(1, line).bind(2, json_array(commits));
  while (find.step()) {
    const std::string commit(find.text(0));
    if (!find.is_null(1)) {
      maps.complete.emplace(commit, find.integer(1));
    } else {
      maps.forgotten.insert(commit);
    }
  }
  return maps;
}

}  // namespace grange
