#include "record/commits.h"

#include <algorithm>
#include <limits>
#include <set>

#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kCommitColumns =
    "SELECT id, uri, branch, revision, author, email, authored, subject, first_seen FROM commits "
    "WHERE uri = ?1 AND branch = ?2 ";

CommitRow read_commit_row(const Statement& statement) {
  RowReader row(statement);
  CommitRow commit;
  commit.id = row.integer();
  commit.uri = row.text();
  commit.branch = row.text();
  commit.revision = row.text();
  commit.author = row.text();
  commit.email = row.text();
  commit.authored = row.time();
  commit.subject = row.text();
  commit.first_seen = row.time();
  return commit;
}

}  // namespace

std::optional<std::string> Commits::newest(const CommitBranch& branch) {
  return find_text(
      database_,
      "SELECT revision FROM commits WHERE uri = ?1 AND branch = ?2 ORDER BY id DESC LIMIT 1",
      branch.uri, branch.branch);
}

std::optional<CommitRow> Commits::find(const CommitBranch& branch, std::string_view revision) {
  auto statement = database_.prepare(std::string(kCommitColumns) + "AND revision = ?3");
  bind_all(statement, branch.uri, branch.branch, revision);
  if (!statement.step()) return std::nullopt;
  return read_commit_row(statement);
}

void Commits::add(const std::vector<CommitRow>& commits) {
  for (const auto& commit : commits) {
    run(database_,
        "INSERT INTO commits (uri, branch, revision, author, email, authored, subject, first_seen) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (uri, branch, revision) DO NOTHING",
        commit.uri, commit.branch, commit.revision, commit.author, commit.email, commit.authored,
        commit.subject, commit.first_seen);
  }
}

std::vector<CommitRow> Commits::list(const std::vector<CommitBranch>& branches, std::int64_t before,
                                     std::size_t limit) {
  const std::set<CommitBranch> each(branches.begin(), branches.end());
  const auto below = before > 0 ? before : std::numeric_limits<std::int64_t>::max();
  std::vector<CommitRow> found;
  // Each is one walk down an index; a farm's branches are few.
  for (const auto& branch : each) {
    auto statement =
        database_.prepare(std::string(kCommitColumns) + "AND id < ?3 ORDER BY id DESC LIMIT ?4");
    bind_all(statement, branch.uri, branch.branch, below, limit);
    while (statement.step()) found.push_back(read_commit_row(statement));
  }
  std::sort(found.begin(), found.end(),
            [](const CommitRow& one, const CommitRow& other) { return one.id > other.id; });
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace grange
