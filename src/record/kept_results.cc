#include "record/kept_results.h"

#include <string>
#include <utility>
#include <vector>

#include "record/rows.h"

namespace grange {
namespace {

/// Of a jobset (?1): evaluations since the last complete one that are not complete and matter.
constexpr std::string_view kIncomplete =
    "SELECT e.id FROM evaluations e WHERE e.jobset = ?1 AND e.position IS NULL AND e.id > "
    "(SELECT coalesce(max(c.id), 0) FROM evaluations c "
    "WHERE c.jobset = ?1 AND c.position IS NOT NULL) "
    "AND (e.state = 'running' OR e.queued > 0 OR e.id = "
    "(SELECT max(n.id) FROM evaluations n WHERE n.jobset = ?1))";

/// Targets t of the evaluation at position ?3 of the epoch ?2 of the jobset ?1.
constexpr std::string_view kTargetsAt =
    "t.jobset = ?1 AND t.epoch = ?2 AND t.first <= ?3 AND (t.last IS NULL OR t.last >= ?3)";

using Places = std::vector<std::pair<std::int64_t, std::int64_t>>;  // epochs and positions

void add_places(Statement& statement, Places& places) {
  while (statement.step()) places.emplace_back(statement.integer(0), statement.integer(1));
}

void add_result_paths(Statement& statement, std::set<StorePath>& paths) {
  while (statement.step()) paths.insert(StorePath::parse(statement.text(0)));
}

void add_derivation_paths(Statement& statement, std::set<StorePath>& paths) {
  while (statement.step()) {
    RowReader row(statement);
    const auto blob = row.blob();
    const std::string digest(blob.begin(), blob.end());
    paths.insert(StorePath::make(digest, row.text() + ".drv"));
  }
}

}  // namespace

std::set<StorePath> results_to_keep(Database& database, std::int64_t jobset, std::int64_t keep) {
  Places places;
  auto unfinished = database.prepare(
      "SELECT epoch, position FROM evaluations "
      "WHERE jobset = ?1 AND position IS NOT NULL AND queued > 0");
  add_places(bind_all(unfinished, jobset), places);
  auto newest = database.prepare(
      "SELECT epoch, position FROM evaluations "
      "WHERE jobset = ?1 AND position IS NOT NULL AND queued = 0 ORDER BY position DESC LIMIT ?2");
  add_places(bind_all(newest, jobset, keep), places);
  std::set<StorePath> paths;
  auto complete = database.prepare(
      "SELECT o.path FROM targets t JOIN build_outputs o ON o.build = t.build "
      "WHERE " +
      std::string(kTargetsAt));
  for (const auto& [epoch, position] : places) {
    add_result_paths(bind_all(complete, jobset, epoch, position), paths);
    complete.reset();
  }
  auto partial = database.prepare(
      "SELECT o.path FROM partial_targets t JOIN build_outputs o ON o.build = t.build "
      "WHERE t.evaluation IN (" +
      std::string(kIncomplete) + ")");
  add_result_paths(bind_all(partial, jobset), paths);
  return paths;
}

std::set<StorePath> results_of_kept_builds(Database& database) {
  std::set<StorePath> paths;
  auto statement = database.prepare(
      "SELECT o.path FROM builds b JOIN build_outputs o ON o.build = b.id WHERE b.keep = 1");
  add_result_paths(statement, paths);
  return paths;
}

std::set<StorePath> derivations_to_keep(Database& database, std::int64_t jobset) {
  std::set<StorePath> paths;
  auto unfinished = database.prepare(
      "SELECT d.digest, d.name FROM builds b JOIN derivations d ON d.id = b.derivation "
      "WHERE b.jobset = ?1 AND b.outcome IS NULL");
  add_derivation_paths(bind_all(unfinished, jobset), paths);
  auto partial = database.prepare(
      "SELECT d.digest, d.name FROM partial_targets t JOIN derivations d ON d.id = t.derivation "
      "WHERE t.evaluation IN (" +
      std::string(kIncomplete) + ")");
  add_derivation_paths(bind_all(partial, jobset), paths);
  Places last;
  auto newest = database.prepare(
      "SELECT epoch, position FROM evaluations "
      "WHERE jobset = ?1 AND position IS NOT NULL ORDER BY position DESC LIMIT 1");
  add_places(bind_all(newest, jobset), last);
  for (const auto& [epoch, position] : last) {
    auto complete = database.prepare(
        "SELECT d.digest, d.name FROM targets t "
        "JOIN derivations d ON d.id = t.derivation WHERE " +
        std::string(kTargetsAt));
    add_derivation_paths(bind_all(complete, jobset, epoch, position), paths);
  }
  return paths;
}

}  // namespace grange
