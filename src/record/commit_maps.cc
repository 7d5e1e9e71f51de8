#include "record/commit_maps.h"

#include <algorithm>
#include <utility>

namespace grange {
namespace {

/// Runs a query whose list are the commits; each is one search in an index, however long the record
/// is.
template <typename Row>
void for_commits(Database& database, const std::string& query, const std::string& line,
                 std::span<const std::string> commits, const Row& row) {
  auto find = database.prepare(query);
  find.bind(1, line).bind_texts(2, commits);
  while (find.step()) row(find);
}

}  // namespace

CommitMaps find_commit_maps(Database& database, const std::string& line,
                            std::span<const std::string> commits) {
  CommitMaps maps;
  if (line.empty() || commits.empty()) return maps;
  const auto asked = "line = (SELECT id FROM ci_lines WHERE text = ?1) AND revision " +
                     database.one_of(2, Database::ListOf::texts);
  for_commits(database,
              "SELECT revision, id FROM ci_evaluations WHERE " + asked + " AND complete = 1", line,
              commits, [&](const Statement& found) {
                auto& newest = maps.complete[std::string(found.text(0))];
                newest = std::max(newest, found.integer(1));
              });
  for_commits(database, "SELECT revision FROM forgotten_revisions WHERE " + asked, line, commits,
              [&](const Statement& found) {
                std::string commit(found.text(0));
                if (!maps.complete.contains(commit)) maps.forgotten.insert(std::move(commit));
              });
  return maps;
}

}  // namespace grange
