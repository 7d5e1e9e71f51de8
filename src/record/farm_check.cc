#include "record/farm_check.h"

#include <map>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/content_address.h"
#include "record/derivations.h"
#include "record/evaluation_history.h"
#include "record/rows.h"
#include "record/unchanged_targets.h"

namespace grange {
namespace {

constexpr std::string_view kCountedOutcomes =
    "count(*), count(CASE WHEN b.outcome IS NULL THEN 1 END), "
    "count(CASE WHEN b.outcome = 'good' THEN 1 END), "
    "count(CASE WHEN b.outcome <> 'good' THEN 1 END), "
    "CAST(coalesce(sum(CASE WHEN b.outcome IS NOT NULL THEN b.size END), 0) AS BIGINT), "
    "CAST(coalesce(sum(CASE WHEN b.outcome IS NOT NULL THEN b.closure_size END), 0) AS BIGINT) ";

struct CountedBuilds {
  std::int64_t all = 0;
  std::int64_t queued = 0;
  std::int64_t good = 0;
  std::int64_t failed = 0;
  std::int64_t output_size = 0;
  std::int64_t closure_size = 0;
};

CountedBuilds read_counted_builds(RowReader& row) {
  CountedBuilds counted;
  counted.all = row.integer();
  counted.queued = row.integer();
  counted.good = row.integer();
  counted.failed = row.integer();
  counted.output_size = row.integer();
  counted.closure_size = row.integer();
  return counted;
}

/// Notes what is not as it should be, about one thing.
class ProblemNotes {
 public:
  ProblemNotes(FarmCheckReport& report, std::string about)
      : report_(report), about_(std::move(about)) {}

  void add(const std::string& problem) {
    ++report_.problem_count;
    if (report_.problems.size() < FarmCheckReport::kMostProblems) {
      report_.problems.push_back(about_ + ": " + problem);
    }
  }
  void compare(std::string_view what, std::int64_t recorded, std::int64_t counted) {
    if (recorded == counted) return;
    add(std::string(what) + ": recorded " + std::to_string(recorded) + ", counted " +
        std::to_string(counted));
  }
  void compare(const CountedBuilds& counted, std::int64_t queued, std::int64_t good,
               std::int64_t failed) {
    compare("builds that are queued", queued, counted.queued);
    compare("builds that are good", good, counted.good);
    compare("builds that are not good", failed, counted.failed);
  }

 private:
  FarmCheckReport& report_;
  const std::string about_;
};

CountedBuilds builds_of_evaluation(Database& database, const EvaluationRow& evaluation) {
  const bool is_complete = evaluation.position != 0;
  auto statement = database.prepare(
      "SELECT " + std::string(kCountedOutcomes) +
      (is_complete ? "FROM targets t JOIN builds b ON b.id = t.build WHERE t.jobset = ?1 "
                     "AND t.epoch = ?2 AND t.first <= ?3 AND (t.last IS NULL OR t.last >= ?3)"
                   : "FROM partial_targets t JOIN builds b ON b.id = t.build "
                     "WHERE t.evaluation = ?1"));
  if (is_complete) {
    bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position);
  } else {
    bind_all(statement, evaluation.id);
  }
  if (!statement.step()) throw CorruptError("a count gave no row");
  RowReader row(statement);
  return read_counted_builds(row);
}

void check_rebuilt(Database& database, const EvaluationRow& evaluation, ProblemNotes& notes) {
  if (evaluation.position == 0) {
    notes.add("it is complete and has no position in its jobset's history");
    return;
  }
  const auto [count, digest] = EvaluationHistory(database).rebuild(evaluation);
  notes.compare("targets", evaluation.targets, count);
  if (!evaluation.digest) {
    notes.add("it has no digest");
  } else if (*evaluation.digest != digest) {
    notes.add("its targets have the digest " + base16_encode(digest) + ", recorded is " +
              base16_encode(*evaluation.digest));
  }
  const auto& verdicts = evaluation.verdicts;
  notes.compare(
      "verdicts",
      verdicts.same + verdicts.equivalent + verdicts.changed + verdicts.unverified + verdicts.added,
      count);
}

std::vector<std::int64_t> evaluation_ids(Database& database) {
  auto statement = database.prepare("SELECT id FROM evaluations ORDER BY id");
  std::vector<std::int64_t> ids;
  while (statement.step()) ids.push_back(statement.integer(0));
  return ids;
}

/// Open and closed rows of each jobset's present epoch.
std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> history_rows(Database& database) {
  auto statement = database.prepare(
      "SELECT t.jobset, count(CASE WHEN t.last IS NULL THEN 1 END), "
      "count(CASE WHEN t.last IS NOT NULL THEN 1 END) "
      "FROM targets t JOIN jobsets j ON j.id = t.jobset AND j.epoch = t.epoch GROUP BY t.jobset");
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> rows;
  while (statement.step()) {
    rows[statement.integer(0)] = {statement.integer(1), statement.integer(2)};
  }
  return rows;
}

std::map<std::int64_t, CountedBuilds> builds_of_jobsets(Database& database) {
  auto statement = database.prepare("SELECT b.jobset, " + std::string(kCountedOutcomes) +
                                    "FROM builds b WHERE b.jobset IS NOT NULL GROUP BY b.jobset");
  std::map<std::int64_t, CountedBuilds> builds;
  while (statement.step()) {
    RowReader row(statement);
    const auto jobset = row.integer();
    builds[jobset] = read_counted_builds(row);
  }
  return builds;
}

}  // namespace

FarmCheckReport FarmCheck::run(const Progress& progress, const std::stop_token& stop) {
  const Snapshot snapshot(database_);
  FarmCheckReport report;
  check_evaluations(report, progress, stop);
  check_jobsets(report);
  check_derivations(report, stop);
  return report;
}

void FarmCheck::check_evaluations(FarmCheckReport& report, const Progress& progress,
                                  const std::stop_token& stop) {
  const auto ids = evaluation_ids(database_);
  for (const auto id : ids) {
    if (stop.stop_requested()) throw CancelledError("interrupted");
    const auto evaluation = EvaluationHistory(database_).find(id);
    if (!evaluation) throw CorruptError("an evaluation vanished within one snapshot");
    ProblemNotes notes(report, "evaluation " + std::to_string(id));
    if (evaluation->state == EvaluationRow::State::complete) {
      check_rebuilt(database_, *evaluation, notes);
    } else if (evaluation->position != 0) {
      notes.add("it is not complete and has a position in its jobset's history");
    }
    const auto builds = builds_of_evaluation(database_, *evaluation);
    const bool is_running = evaluation->state == EvaluationRow::State::running;
    const auto unchanged =
        is_running ? UnchangedTargets(database_).labels(evaluation->id).size() : 0;
    notes.compare("targets with a build", evaluation->targets,
                  builds.all + static_cast<std::int64_t>(unchanged));
    // Of a running one they become exact with its end.
    if (!is_running) {
      notes.compare(builds, evaluation->queued, evaluation->good, evaluation->failed);
      if (evaluation->output_size) {
        notes.compare("size of outputs", *evaluation->output_size, builds.output_size);
      }
      if (evaluation->closure_size) {
        notes.compare("size of closures", *evaluation->closure_size, builds.closure_size);
      }
    }
    ++report.evaluations;
    report.targets += builds.all;
    if (progress) progress(report.evaluations, static_cast<std::int64_t>(ids.size()));
  }
}

void FarmCheck::check_jobsets(FarmCheckReport& report) {
  const auto builds = builds_of_jobsets(database_);
  const auto rows = history_rows(database_);
  auto statement = database_.prepare(
      "SELECT id, name, queued_builds, good_builds, failed_builds, live_rows, closed_rows "
      "FROM jobsets ORDER BY id");
  while (statement.step()) {
    RowReader row(statement);
    const auto id = row.integer();
    ProblemNotes notes(report, "jobset " + std::to_string(id) + " (" + row.text() + ")");
    const auto queued = row.integer();
    const auto good = row.integer();
    const auto failed = row.integer();
    const auto counted = builds.find(id);
    notes.compare(counted == builds.end() ? CountedBuilds{} : counted->second, queued, good,
                  failed);
    const auto history = rows.find(id);
    const auto [live, closed] =
        history == rows.end() ? std::pair<std::int64_t, std::int64_t>{} : history->second;
    notes.compare("rows that are live", row.integer(), live);
    notes.compare("rows that are closed", row.integer(), closed);
    ++report.jobsets;
  }
}

void FarmCheck::check_derivations(FarmCheckReport& report, const std::stop_token& stop) {
  struct Row {
    std::int64_t id = 0;
    bool gnu = false;
  };
  Derivations derivations(database_);
  std::int64_t after = 0;
  for (;;) {
    std::vector<Row> rows;
    auto statement =
        database_.prepare("SELECT id, gnu FROM derivations WHERE id > ?1 ORDER BY id LIMIT 1000");
    statement.bind(1, after);
    while (statement.step()) rows.push_back({statement.integer(0), statement.integer(1) != 0});
    statement.reset();
    if (rows.empty()) return;
    for (const auto& row : rows) {
      if (stop.stop_requested()) throw CancelledError("interrupted");
      after = row.id;
      ++report.derivations;
      ProblemNotes notes(report, "derivation " + std::to_string(row.id));
      try {
        const auto path = derivations.find(row.id).value().path;
        const auto store = StoreDir::parse(row.gnu ? "/gnu/store" : "/nix/store");
        const auto text = derivations.text(row.id);
        const auto derivation = parse_aterm(store, path.derivation_name(), text);
        const auto found =
            make_text_path(store, path.name(), text, derivation_references(derivation));
        if (found != path) {
          notes.add("its text is that of '" + found.base_name() + "', recorded is '" +
                    path.base_name() + "'");
        }
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::unavailable) throw;
        notes.add(error.what());
      }
    }
  }
}

}  // namespace grange
