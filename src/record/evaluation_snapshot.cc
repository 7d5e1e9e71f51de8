#include "record/evaluation_snapshot.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "record/evaluation_rows.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kSnapshotColumns =
    "SELECT t.label, d.name, d.system, t.derivation, coalesce(d.output_set, 0), t.build, "
    "b.outcome, d.unverified ";
constexpr std::string_view kSnapshotJoins =
    "JOIN builds b ON b.id = t.build JOIN derivations d ON d.id = t.derivation ";

std::map<std::int64_t, std::string> read_systems(Database& database) {
  std::map<std::int64_t, std::string> systems;
  auto statement = database.prepare("SELECT id, name FROM systems");
  while (statement.step()) systems.emplace(statement.integer(0), statement.text(1));
  return systems;
}

bool is_before(const SnapshotTarget& left, const SnapshotTarget& right) {
  return left.label < right.label;
}

}  // namespace

std::vector<SnapshotTarget> read_snapshot(Database& database, const EvaluationRow& evaluation) {
  const auto systems = read_systems(database);
  const bool ranges = evaluation.position != 0;
  auto statement =
      database.prepare(std::string(kSnapshotColumns) +
                       (ranges ? "FROM targets t " + std::string(kSnapshotJoins) +
                                     "WHERE t.jobset = ?1 AND t.epoch = ?2 AND t.first <= ?3 "
                                     "AND (t.last IS NULL OR t.last >= ?3)"
                               : "FROM partial_targets t " + std::string(kSnapshotJoins) +
                                     "WHERE t.evaluation = ?1"));
  if (ranges) {
    bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position);
  } else {
    bind_all(statement, evaluation.id);
  }
  std::vector<SnapshotTarget> targets;
  while (statement.step()) {
    RowReader row(statement);
    auto& target = targets.emplace_back();
    target.label = row.text();
    target.name = row.text();
    const auto system = systems.find(row.integer());
    if (system != systems.end()) target.system = system->second;
    target.derivation = row.integer();
    target.output_set = row.integer();
    target.build = row.integer();
    if (const auto outcome = row.optional_text()) target.outcome = parse_outcome(*outcome);
    target.unverified = row.flag();
  }
  if (!std::is_sorted(targets.begin(), targets.end(), is_before)) {
    std::sort(targets.begin(), targets.end(), is_before);
  }
  return targets;
}

std::vector<TargetPair> pair_targets(const std::vector<SnapshotTarget>& head,
                                     const std::vector<SnapshotTarget>* base) {
  std::vector<TargetPair> pairs;
  pairs.reserve(head.size());
  auto old = base != nullptr ? base->begin() : head.end();
  const auto old_end = base != nullptr ? base->end() : head.end();
  for (const auto& target : head) {
    for (; old != old_end && old->label < target.label; ++old) {
      pairs.push_back({nullptr, &*old, Verdict::removed});
    }
    if (old == old_end || old->label != target.label) {
      const auto verdict = base != nullptr ? std::optional(Verdict::added) : std::nullopt;
      pairs.push_back({&target, nullptr, verdict});
      continue;
    }
    const auto verdict = verdict_of(target.derivation, target.output_set, target.unverified,
                                    old->derivation, old->output_set, old->unverified);
    pairs.push_back({&target, &*old, verdict});
    ++old;
  }
  for (; old != old_end; ++old) pairs.push_back({nullptr, &*old, Verdict::removed});
  return pairs;
}

}  // namespace grange
