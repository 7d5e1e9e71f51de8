#include "record/record.h"

#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/thread_annotations.h"
#include "database/database.h"
#include "derivation/target_map_text.h"
#include "record/attempts.h"
#include "record/checks.h"
#include "record/commit_maps.h"
#include "record/conflicts.h"
#include "record/evaluations.h"
#include "record/good.h"
#include "record/schema.h"

namespace grange {
namespace {

/// What is broken gets the same advice wherever it is noticed.
template <typename Action>
decltype(auto) with_advice(const DatabaseLocation& location, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (CorruptError& error) {
    const std::string using_it = "while using the record '" + location.shown() + "'";
    error.add_context(
        location.kind == DatabaseKind::sqlite
            ? using_it + "; delete it (and '" + location.file.filename().string() +
                  "-wal') to start afresh: only history is lost, no built output"
            : using_it +
                  "; an empty database starts afresh: only history is lost, no built output");
    throw;
  }
}

std::unique_ptr<Database> open_record(const DatabaseLocation& location,
                                      const RecordOptions& options) {
  DatabaseOptions database_options;
  database_options.patience = options.patience;
  auto database = open_database(location, database_options);
  migrate_record(*database);
  return database;
}

struct RecordTables {
  RecordTables(const DatabaseLocation& location, const RecordOptions& options)
      : database(open_record(location, options)),
        good(*database),
        evaluations(*database, good, options.kept_evaluations),
        attempts(*database, good),
        checks(*database, attempts),
        conflicts(*database) {}

  std::unique_ptr<Database> database;
  GoodTables good;
  EvaluationTables evaluations;
  AttemptTables attempts;
  CheckTables checks;
  ConflictTable conflicts;
};

/// One connection and its tables, behind one lock.
class RecordInDatabase final : public Record {
 public:
  RecordInDatabase(const DatabaseLocation& location, const RecordOptions& options)
      : location_(location), tables_(location, options) {}

  std::int64_t add_evaluation(const EvaluationRecord& evaluation) override {
    return with_advice(location_, [&] {
      const auto text = print_target_map(evaluation.map);  // long, and needs no lock
      const MutexLock lock(mutex_);
      return tables_.evaluations.add(evaluation, text);
    });
  }

  std::vector<std::string> selections() override {
    return read([](RecordTables& tables) { return tables.evaluations.selections(); });
  }

  std::optional<EvaluationRecord> last_complete(const std::string& selection) override {
    auto stored =
        read([&](RecordTables& tables) { return tables.evaluations.last_complete(selection); });
    if (!stored) return std::nullopt;
    return with_advice(location_, [&] { return unpack(std::move(*stored)); });
  }

  std::vector<std::int64_t> complete_evaluations(const std::string& selection,
                                                 std::size_t most) override {
    return read([&](RecordTables& tables) { return tables.evaluations.complete(selection, most); });
  }

  CommitMaps commit_maps(const std::string& line, std::span<const std::string> commits) override {
    return read(
        [&](RecordTables& tables) { return find_commit_maps(*tables.database, line, commits); });
  }

  std::optional<EvaluationRecord> evaluation(std::int64_t id,
                                             std::optional<std::string_view> label) override {
    auto stored = read([&](RecordTables& tables) { return tables.evaluations.find(id); });
    if (!stored) return std::nullopt;
    return with_advice(location_, [&] { return unpack(std::move(*stored), label); });
  }

  std::uint64_t forget_before(TimePoint time, const std::string& selection,
                              const std::string& line) override {
    return with_advice(location_, [&] {
      const MutexLock lock(mutex_);
      return tables_.evaluations.forget_before(time, selection, line);
    });
  }

  void add_attempts(const std::vector<AttemptRecord>& attempts) override {
    if (attempts.empty()) return;
    with_advice(location_, [&] {
      const MutexLock lock(mutex_);
      tables_.attempts.add(attempts);
    });
  }

  std::vector<std::optional<AttemptRecord>> lasting_failures(std::span<const FailureQuery> queries,
                                                             const std::string& policy) override {
    return read(
        [&](RecordTables& tables) { return tables.attempts.lasting_failures(queries, policy); });
  }

  std::vector<Outcome> outcomes(std::span<const OutputSetId> output_sets) override {
    return read([&](RecordTables& tables) { return tables.attempts.outcomes(output_sets); });
  }

  std::vector<std::optional<double>> expected_durations(
      std::span<const DurationQuery> queries) override {
    return read([&](RecordTables& tables) { return tables.attempts.expected_durations(queries); });
  }

  std::vector<bool> recipes_were_tried(std::span<const StorePath> recipes) override {
    return read([&](RecordTables& tables) { return tables.good.has_recipes(recipes); });
  }

  std::vector<RecipeHistory> recipe_histories(std::span<const RecipeQuery> queries,
                                              const std::vector<std::string>& policies) override {
    return read([&](RecordTables& tables) { return tables.checks.histories(queries, policies); });
  }

  std::vector<AttemptRecord> checks(const OutputSetId& output_set, std::size_t limit) override {
    return read([&](RecordTables& tables) { return tables.checks.of(output_set, limit); });
  }

  void add_conflicts(const std::vector<RealisationConflict>& conflicts, TimePoint found) override {
    if (conflicts.empty()) return;
    with_advice(location_, [&] {
      const MutexLock lock(mutex_);
      tables_.conflicts.add(conflicts, found);
    });
  }

  std::vector<ConflictRecord> conflicts(std::size_t limit) override {
    return read([&](RecordTables& tables) { return tables.conflicts.last(limit); });
  }

 private:
  /// Under the lock, and as one moment sees the tables.
  template <typename Action>
  std::invoke_result_t<const Action&, RecordTables&> read(const Action& action) {
    return with_advice(location_, [&] {
      const MutexLock lock(mutex_);
      const Snapshot snapshot(*tables_.database);
      return action(tables_);
    });
  }

  DatabaseLocation location_;
  Mutex mutex_;
  RecordTables tables_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Record> Record::open(const DatabaseLocation& location,
                                     const RecordOptions& options) {
  return with_advice(location,
                     [&] { return std::make_unique<RecordInDatabase>(location, options); });
}

std::unique_ptr<Record> Record::open(const std::filesystem::path& file,
                                     const RecordOptions& options) {
  return open(DatabaseLocation{DatabaseKind::sqlite, file, {}}, options);
}

std::optional<AttemptRecord> Record::lasting_failure(const OutputSetId& output_set,
                                                     const StorePath& recipe, bool fixed_output,
                                                     const std::string& policy) {
  const FailureQuery query{output_set, recipe, fixed_output};
  return std::move(lasting_failures({&query, 1}, policy).front());
}

Outcome Record::outcome(const OutputSetId& output_set) {
  return outcomes({&output_set, 1}).front();
}

std::optional<double> Record::expected_seconds(const OutputSetId& output_set,
                                               const std::string& name) {
  const DurationQuery query{output_set, name};
  return expected_durations({&query, 1}).front();
}

bool Record::recipe_was_tried(const StorePath& recipe) {
  return recipes_were_tried({&recipe, 1}).front();
}

}  // namespace grange
