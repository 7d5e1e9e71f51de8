// Fills a record with the history of a farm, always the same for the same numbers, by bulk writes:
//
//   history_bench DATABASE [BUILDS [QUEUED]]
//
// BUILDS builds (1,000,000) of 50 jobsets with 2,000 targets each, of which each evaluation changes
// a tenth; all but the newest QUEUED (1,000) have ended. A twentieth failed. Every build has a
// derivation and an output set of its own, one output, and one step.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "database/database.h"
#include "record/column_values.h"
#include "record/derivations.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/rehearsal_mark.h"
#include "record/rows.h"
#include "record/schema.h"

namespace grange {
namespace {

constexpr std::int64_t kJobsets = 50;
constexpr std::int64_t kTargets = 2000;
constexpr std::int64_t kChanged = 200;  ///< by each evaluation after the first
/// An epoch begins when as many rows are closed as live (EvaluationHistory): after so many
/// evaluations, the last of which is the first that the next epoch knows.
constexpr std::int64_t kEpoch = kTargets / kChanged;
constexpr std::int64_t kMicroseconds = 1'000'000;
constexpr std::int64_t kBeginning = 1'600'000'000 * kMicroseconds;
constexpr std::int64_t kBetweenBuilds = 20 * kMicroseconds;

std::string label_of(std::int64_t target) {
  return "package-" + std::to_string(target);
}

/// Of the rows by which the evaluation at a position is read.
std::int64_t epoch_of(std::int64_t position) {
  return position <= 1 ? 1 : (position - 2) / kEpoch + 1;
}
std::int64_t first_of(std::int64_t epoch) {
  return (epoch - 1) * kEpoch + 1;
}

Sha256 digest_of(std::string_view what, std::int64_t number) {
  return sha256(std::string(what) + std::to_string(number));
}

/// The columns of one table, and rows by position.
class TableWriter {
 public:
  TableWriter(Database& database, std::string_view table, std::vector<std::string_view> columns)
      : bulk_(database.bulk_insert(table, columns)) {}
  template <typename... Values>
  void row(const Values&... values) {
    int index = 0;
    (put(++index, values), ...);
    bulk_->next();
  }
  void finish() { bulk_->finish(); }

 private:
  void put(int index, std::int64_t value) { bulk_->bind(index, value); }
  void put(int index, double value) { bulk_->bind(index, value); }
  void put(int index, const std::string& value) { bulk_->bind(index, std::string_view(value)); }
  void put(int index, const char* value) { bulk_->bind(index, std::string_view(value)); }
  void put(int index, BlobValue value) { bulk_->bind_blob(index, value.bytes); }
  void put(int index, std::nullptr_t) { bulk_->bind_null(index); }
  template <typename T>
  void put(int index, const std::optional<T>& value) {
    if (value) {
      put(index, *value);
    } else {
      bulk_->bind_null(index);
    }
  }

  std::unique_ptr<BulkInsert> bulk_;
};

/// One build in the order of time.
struct MadeBuild {
  std::int64_t id = 0, jobset = 0, evaluation = 0, target = 0;
  bool queued = false, failed = false;
  std::int64_t at() const { return kBeginning + id * kBetweenBuilds; }
};

struct MadeEvaluation {
  std::int64_t id = 0, jobset = 0, position = 0, first_build = 0, builds = 0;
};

/// A range of a target's history.
struct MadeRange {
  std::int64_t jobset = 0, target = 0, first = 0, build = 0;
  std::optional<std::int64_t> last;
};

class History {
 public:
  History(Database& database, std::int64_t builds, std::int64_t queued)
      : database_(database), queued_(queued) {
    plan(builds);
  }

  void write() {
    in_transaction("jobsets", [&] { write_jobsets(); });
    in_transaction("evaluations", [&] { write_evaluations(); });
    constexpr std::size_t kTogether = 200'000;
    for (std::size_t begin = 0; begin < builds_.size(); begin += kTogether) {
      const std::span part(builds_.data() + begin, std::min(kTogether, builds_.size() - begin));
      in_transaction("builds", [&] { write_builds(part); });
    }
    for (std::size_t begin = 0; begin < ranges_.size(); begin += kTogether) {
      const std::span part(ranges_.data() + begin, std::min(kTogether, ranges_.size() - begin));
      in_transaction("targets", [&] { write_ranges(part); });
    }
    in_transaction("counts", [&] { write_counts(); });
    if (database_.kind() == DatabaseKind::postgresql) {
      in_transaction("numbers", [&] { go_on_counting(); });
    }
    database_.execute("ANALYZE");
  }

 private:
  template <typename Write>
  void in_transaction(const char* what, const Write& write) {
    Transaction transaction(database_);
    write();
    transaction.commit();
    std::printf("%s\n", what);
    std::fflush(stdout);
  }

  /// What is written with numbers of its own leaves PostgreSQL's counters where they were.
  void go_on_counting() {
    for (const std::string table : {"projects", "jobsets", "evaluations", "facts", "derivations",
                                    "output_sets", "builds", "steps", "machines", "systems"}) {
      database_.execute("SELECT setval(pg_get_serial_sequence('" + table +
                        "', 'id'), (SELECT coalesce(max(id), 1) FROM " + table + "))");
    }
  }

  /// Evaluations of all jobsets in turn, until there are enough builds.
  void plan(std::int64_t count) {
    std::vector<std::vector<std::size_t>> open(kJobsets, std::vector<std::size_t>(kTargets));
    for (std::int64_t round = 0; std::cmp_less(builds_.size(), count); ++round) {
      for (std::int64_t jobset = 0; jobset < kJobsets && std::cmp_less(builds_.size(), count);
           ++jobset) {
        MadeEvaluation evaluation;
        evaluation.id = static_cast<std::int64_t>(evaluations_.size()) + 1;
        evaluation.jobset = jobset + 1;
        evaluation.position = round + 1;
        evaluation.first_build = static_cast<std::int64_t>(builds_.size()) + 1;
        evaluation.builds = round == 0 ? kTargets : kChanged;
        for (std::int64_t i = 0; i < evaluation.builds; ++i) {
          const auto target = (round * 131 + i * 7) % kTargets;
          add_build(evaluation, round == 0 ? i : target, open[static_cast<std::size_t>(jobset)]);
        }
        newest_[static_cast<std::size_t>(jobset)] = evaluation.position;
        evaluations_.push_back(evaluation);
      }
    }
    for (auto build = builds_.rbegin(); build != builds_.rend() && queued_ > 0; ++build) {
      build->queued = true;
      --queued_;
    }
  }

  void add_build(const MadeEvaluation& evaluation, std::int64_t target,
                 std::vector<std::size_t>& open) {
    MadeBuild build;
    build.id = static_cast<std::int64_t>(builds_.size()) + 1;
    build.jobset = evaluation.jobset;
    build.evaluation = evaluation.id;
    build.target = target;
    build.failed = build.id % 20 == 0;
    auto& range = open[static_cast<std::size_t>(target)];
    if (evaluation.position > 1) ranges_[range].last = evaluation.position - 1;
    range = ranges_.size();
    ranges_.push_back({evaluation.jobset, target, evaluation.position, build.id, std::nullopt});
    builds_.push_back(build);
  }

  void write_jobsets() {
    run(database_, "INSERT INTO systems (id, name) VALUES (1, 'x86_64-linux')");
    run(database_,
        "INSERT INTO machines (id, name, systems, features, mandatory_features, slots, "
        "speed, drained, first_seen, last_seen) "
        "VALUES (1, 'local', 'x86_64-linux', '', '', 8, 1, 0, 0, 0)");
    facts_ = EvaluationHistory(database_).facts_id(R"({"attrPath":["package"]})");
    for (std::int64_t i = 0; i < kJobsets; ++i) {
      ProjectSettings project;
      project.name = project.display_name = "project-" + std::to_string(i / 5);
      Projects projects(database_);
      const auto present = projects.find(project.name);
      JobsetSettings jobset;
      jobset.name = "jobset-" + std::to_string(i % 5);
      jobset.inputs["src"] = {"string", "x"};
      const auto id = Jobsets(database_).create(
          present ? present->id : projects.create(project, ""), jobset, "");
      if (id != i + 1) throw ConflictError("the database is not empty");
      run(database_, "UPDATE jobsets SET state = 0 WHERE id = ?1", id);
    }
  }

  void write_builds(std::span<const MadeBuild> builds) {
    TableWriter sets(database_, "output_sets", {"id", "digest", "outcome"});
    for (const auto& build : builds) {
      sets.row(build.id, BlobValue{digest_of("set", build.id)},
               build.queued ? std::optional<std::string>()
                            : std::optional<std::string>(build.failed ? "failed" : "good"));
    }
    sets.finish();
    TableWriter derivations(
        database_, "derivations",
        {"id", "digest", "name", "gnu", "system", "output_set", "unverified", "inputs", "content"});
    const std::string inputs = "\1\2\3\4\5";
    for (const auto& build : builds) {
      const auto digest = digest_of("drv", build.id);
      derivations.row(build.id, BlobValue{ByteView(digest).first(20)}, label_of(build.target),
                      std::int64_t{0}, std::int64_t{1}, build.id, std::int64_t{0},
                      BlobValue{{reinterpret_cast<const std::uint8_t*>(inputs.data()), 5}},
                      BlobValue{{}});
    }
    derivations.finish();
    TableWriter rows(
        database_, "builds",
        {"id",         "server",     "jobset",  "label",        "derivation", "derivation_name",
         "output_set", "evaluation", "name",    "system",       "facts",      "priority",
         "bumped",     "keep",       "queued",  "started",      "stopped",    "outcome",
         "made",       "tries",      "message", "release_name", "size",       "closure_size"});
    for (const auto& build : builds) {
      const auto ended = [&](std::int64_t at) {
        return build.queued ? std::optional<std::int64_t>() : std::optional<std::int64_t>(at);
      };
      rows.row(build.id, std::int64_t{0}, build.jobset, label_of(build.target), build.id, "",
               build.id, build.evaluation, label_of(build.target), "x86_64-linux", facts_,
               std::int64_t{build.id % 3}, std::int64_t{0}, std::int64_t{0}, build.at(),
               ended(build.at() + kBetweenBuilds), ended(build.at() + 3 * kBetweenBuilds),
               build.queued ? std::optional<std::string>()
                            : std::optional<std::string>(build.failed ? "failed" : "good"),
               std::int64_t{1}, std::int64_t{1}, "", "", std::int64_t{1'000'000},
               std::int64_t{50'000'000});
    }
    rows.finish();
    TableWriter outputs(database_, "build_outputs", {"build", "name", "path"});
    for (const auto& build : builds) {
      if (build.queued || build.failed) continue;
      const auto digest = digest_of("out", build.id);
      outputs.row(build.id, "out",
                  nix32_encode(ByteView(digest).first(20)) + "-" + label_of(build.target));
    }
    outputs.finish();
    TableWriter steps(database_, "steps",
                      {"id", "output_set", "derivation", "build", "machine", "system", "how",
                       "outcome", "started", "stopped", "message"});
    for (const auto& build : builds) {
      if (build.queued) continue;
      const auto digest = digest_of("drv", build.id);
      steps.row(build.id, build.id,
                nix32_encode(ByteView(digest).first(20)) + "-" + label_of(build.target) + ".drv",
                build.id, std::int64_t{1}, "x86_64-linux", "made", build.failed ? "failed" : "good",
                build.at() + kBetweenBuilds, build.at() + 3 * kBetweenBuilds, "");
    }
    steps.finish();
  }

  void write_evaluations() {
    const auto digest = sha256("");
    TableWriter rows(
        database_, "evaluations",
        {"id",      "jobset",   "state",         "position",      "epoch",   "base",
         "started", "finished", "fetch_seconds", "inputs_digest", "problem", "digest",
         "targets", "errors",   "same",          "equivalent",    "changed", "unverified",
         "added",   "removed",  "queued",        "good",          "failed"});
    for (const auto& evaluation : evaluations_) {
      const auto at = kBeginning + evaluation.first_build * kBetweenBuilds;
      const bool first = evaluation.position == 1;
      rows.row(evaluation.id, evaluation.jobset, "complete", evaluation.position,
               epoch_of(evaluation.position),
               first ? std::optional<std::int64_t>()
                     : std::optional<std::int64_t>(evaluation.id - kJobsets),
               at, at + kMicroseconds, 1.0, BlobValue{digest}, "", BlobValue{digest}, kTargets,
               std::int64_t{0}, first ? std::int64_t{0} : kTargets - kChanged, std::int64_t{0},
               first ? std::int64_t{0} : kChanged, std::int64_t{0},
               first ? kTargets : std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, kTargets,
               std::int64_t{0});
    }
    rows.finish();
  }

  void write_ranges(std::span<const MadeRange> ranges) {
    TableWriter rows(database_, "targets",
                     {"jobset", "epoch", "label", "first", "last", "derivation", "facts", "build"});
    for (const auto& range : ranges) {
      const auto newest = newest_epoch(range.jobset);
      for (auto epoch = epoch_of(range.first); epoch <= newest; ++epoch) {
        if (range.last && *range.last < first_of(epoch)) break;
        const auto end = first_of(epoch + 1);
        const bool is_open = epoch == newest && !range.last;
        rows.row(range.jobset, epoch, label_of(range.target),
                 std::max(range.first, first_of(epoch)),
                 is_open ? std::optional<std::int64_t>()
                         : std::optional<std::int64_t>(std::min(range.last.value_or(end), end)),
                 range.build, facts_, range.build);
      }
    }
    rows.finish();
  }

  /// Of the rows that the next evaluation of a jobset will be compared with.
  std::int64_t newest_epoch(std::int64_t jobset) const {
    return epoch_of(newest_.at(static_cast<std::size_t>(jobset) - 1) + 1);
  }

  void write_counts() {
    for (const auto* table : {"builds", "derivations", "steps"}) {
      allocate_ids(database_, table, static_cast<std::int64_t>(builds_.size()));
    }
    run(database_,
        "UPDATE jobsets SET "
        "queued_builds = (SELECT count(*) FROM builds b WHERE b.jobset = jobsets.id AND "
        "b.outcome IS NULL), "
        "good_builds = (SELECT count(*) FROM builds b WHERE b.jobset = jobsets.id AND "
        "b.outcome = 'good'), "
        "failed_builds = (SELECT count(*) FROM builds b WHERE b.jobset = jobsets.id AND "
        "b.outcome = 'failed'), "
        "epoch = 1 + (SELECT max(position) - 1 FROM evaluations e WHERE e.jobset = jobsets.id) / "
        "?2, "
        "next_position = 1 + (SELECT max(position) FROM evaluations e WHERE "
        "e.jobset = jobsets.id), live_rows = ?1",
        kTargets, kEpoch);
  }

  Database& database_;
  std::int64_t queued_;
  std::int64_t facts_ = 0;
  std::vector<MadeBuild> builds_;
  std::vector<MadeEvaluation> evaluations_;
  std::vector<MadeRange> ranges_;
  std::vector<std::int64_t> newest_ = std::vector<std::int64_t>(kJobsets);  ///< positions
};

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  using namespace grange;
  if (argc < 2) {
    std::fprintf(stderr, "usage: history_bench DATABASE [BUILDS [QUEUED]]\n");
    return 64;
  }
  try {
    const auto database = open_database(DatabaseLocation::parse(argv[1]), {.durable = false});
    migrate_record(*database);
    {
      // Nothing of it was made.
      Transaction transaction(*database);
      claim_record(*database, true);
      transaction.commit();
    }
    History(*database, argc > 2 ? std::atoll(argv[2]) : 1'000'000,
            argc > 3 ? std::atoll(argv[3]) : 1000)
        .write();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "history_bench: %s\n", error.what());
    return 70;
  }
  return 0;
}
