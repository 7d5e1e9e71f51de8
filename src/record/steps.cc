#include "record/steps.h"

#include <algorithm>

#include "base/error.h"
#include "record/attempt_history.h"
#include "record/derivations.h"
#include "record/filtered_query.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kStepColumns =
    "SELECT s.id, o.digest, s.derivation, coalesce(s.build, 0), coalesce(s.machine, 0), s.system, "
    "s.how, s.outcome, s.started, s.stopped, s.message FROM steps s "
    "LEFT JOIN output_sets o ON o.id = s.output_set ";

StepRow read_step(const Statement& statement) {
  RowReader row(statement);
  StepRow step;
  step.id = row.integer();
  if (const auto bytes = row.blob(); bytes.size() == sizeof(Sha256)) {
    Sha256 digest{};
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    step.output_set = OutputSetId(digest);
  }
  step.derivation = row.text();
  step.build = row.integer();
  step.machine = row.integer();
  step.system = row.text();
  step.how = row.text();
  if (const auto outcome = row.optional_text()) step.outcome = parse_outcome(*outcome);
  step.started = row.time();
  step.stopped = row.optional_time();
  step.message = row.text();
  return step;
}

}  // namespace

void Steps::add(std::span<const StepRow> steps) {
  if (steps.empty()) return;
  std::vector<OutputSetId> sets;
  for (const auto& step : steps) {
    if (step.output_set) sets.push_back(*step.output_set);
  }
  const auto set_ids = output_set_ids(database_, sets);
  auto next_set = set_ids.begin();
  constexpr std::string_view kColumns[] = {"id",      "output_set", "derivation", "build",
                                           "machine", "system",     "how",        "outcome",
                                           "started", "stopped",    "message"};
  const auto bulk = database_.bulk_insert("steps", kColumns);
  const auto bind_or_null = [&](int index, std::int64_t value) {
    if (value != 0) {
      bulk->bind(index, value);
    } else {
      bulk->bind_null(index);
    }
  };
  for (const auto& step : steps) {
    bulk->bind(1, step.id);
    bind_or_null(2, step.output_set ? *next_set++ : 0);
    bulk->bind(3, std::string_view(step.derivation));
    bind_or_null(4, step.build);
    bind_or_null(5, step.machine);
    bulk->bind(6, std::string_view(step.system));
    bulk->bind(7, std::string_view(step.how));
    if (step.outcome) {
      bulk->bind(8, to_string(*step.outcome));
    } else {
      bulk->bind_null(8);
    }
    bulk->bind(9, to_column(step.started));
    if (step.stopped) {
      bulk->bind(10, to_column(*step.stopped));
    } else {
      bulk->bind_null(10);
    }
    bulk->bind(11, std::string_view(step.message));
    bulk->next();
  }
  bulk->finish();
}

void Steps::finish(const StepRow& step) {
  std::optional<std::string> outcome;
  if (step.outcome) outcome = std::string(to_string(*step.outcome));
  run(database_,
      "UPDATE steps SET how = ?2, outcome = ?3, stopped = ?4, message = ?5 WHERE id = ?1", step.id,
      step.how, outcome, step.stopped, step.message);
}

void Steps::abort_running(TimePoint now, const std::string& message) {
  run(database_,
      "UPDATE steps SET outcome = 'aborted', stopped = ?1, message = ?2 WHERE outcome IS NULL", now,
      message);
}

std::optional<StepRow> Steps::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kStepColumns) + "WHERE s.id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return read_step(statement);
}

std::vector<StepRow> Steps::list(const StepQuery& query) {
  FilteredQuery filtered(std::string(kStepColumns), false);
  filtered.add("s.id <", query.before);
  filtered.add("s.id >=", query.from);
  filtered.add("s.build =", query.build);
  filtered.add("s.machine =", query.machine);
  filtered.add("s.system =", query.system);
  if (query.running) {
    filtered.add_words(*query.running ? "s.outcome IS NULL" : "s.outcome IS NOT NULL");
  }
  // Spelled out, so that the index of those is seen to fit.
  if (query.outcome && query.outcome != Outcome::good) filtered.add_words("s.outcome <> 'good'");
  filtered.add("s.outcome =", query.outcome);
  if (query.output_set) {
    const auto set = find_output_set_row(database_, *query.output_set);
    filtered.add("s.output_set =", std::optional(set ? set->id : std::int64_t{-1}));
  }
  auto statement = filtered.prepare(database_, "ORDER BY s.id DESC", query.limit);
  std::vector<StepRow> steps;
  while (statement.step()) steps.push_back(read_step(statement));
  return steps;
}

std::map<std::string, std::int64_t> Steps::outcomes_on(std::int64_t machine, std::size_t last) {
  auto statement = database_.prepare(
      "SELECT outcome, count(*) FROM (SELECT outcome FROM steps WHERE machine = ?1 "
      "ORDER BY id DESC LIMIT ?2) x WHERE outcome IS NOT NULL GROUP BY outcome");
  bind_all(statement, machine, last);
  std::map<std::string, std::int64_t> counts;
  while (statement.step()) counts.emplace(statement.text(0), statement.integer(1));
  return counts;
}

std::int64_t Steps::last_id() {
  return find_integer(database_, "SELECT max(id) FROM steps").value_or(0);
}

void Steps::add_machine_time(std::span<const MachineTime> times) {
  if (times.empty()) return;
  constexpr std::string_view kColumns[] = {"step", "jobset", "started", "stopped", "core_seconds"};
  const auto bulk = database_.bulk_insert("machine_time", kColumns);
  for (const auto& time : times) {
    bulk->bind(1, time.step);
    bulk->bind(2, time.jobset);
    bulk->bind(3, to_column(time.started));
    bulk->bind(4, to_column(time.stopped));
    bulk->bind(5, time.core_seconds);
    bulk->next();
  }
  bulk->finish();
}

std::vector<MachineTime> Steps::machine_time(TimePoint since) {
  auto statement = database_.prepare(
      "SELECT step, jobset, started, stopped, core_seconds FROM machine_time "
      "WHERE stopped > ?1 ORDER BY stopped");
  bind_all(statement, since);
  std::vector<MachineTime> times;
  while (statement.step()) {
    RowReader row(statement);
    MachineTime time;
    time.step = row.integer();
    time.jobset = row.integer();
    time.started = row.time();
    time.stopped = row.time();
    time.core_seconds = row.real();
    times.push_back(time);
  }
  return times;
}

std::map<std::int64_t, double> Steps::core_seconds(TimePoint since) {
  auto statement = database_.prepare(
      "SELECT jobset, sum(core_seconds) FROM machine_time WHERE stopped > ?1 GROUP BY jobset");
  bind_all(statement, since);
  std::map<std::int64_t, double> seconds;
  while (statement.step()) seconds.emplace(statement.integer(0), statement.real(1));
  return seconds;
}

void Events::add(std::span<EventRow> events) {
  if (events.empty()) return;
  auto id = allocate_ids(database_, "events", static_cast<std::int64_t>(events.size()));
  constexpr std::string_view kColumns[] = {"id",         "time",  "kind", "jobset",
                                           "evaluation", "build", "data"};
  const auto bulk = database_.bulk_insert("events", kColumns);
  for (auto& event : events) {
    event.id = id++;
    bulk->bind(1, event.id);
    bulk->bind(2, to_column(event.time));
    bulk->bind(3, std::string_view(event.kind));
    bulk->bind(4, event.jobset);
    bulk->bind(5, event.evaluation);
    bulk->bind(6, event.build);
    bulk->bind(7, std::string_view(event.data));
    bulk->next();
  }
  bulk->finish();
}

std::vector<EventRow> Events::after(std::int64_t id, std::size_t limit) {
  auto statement = database_.prepare(
      "SELECT id, time, kind, coalesce(jobset, 0), coalesce(evaluation, 0), coalesce(build, 0), "
      "data FROM events WHERE id > ?1 ORDER BY id LIMIT ?2");
  bind_all(statement, id, limit);
  std::vector<EventRow> events;
  while (statement.step()) {
    RowReader row(statement);
    EventRow event;
    event.id = row.integer();
    event.time = row.time();
    event.kind = row.text();
    event.jobset = row.integer();
    event.evaluation = row.integer();
    event.build = row.integer();
    event.data = row.text();
    events.push_back(std::move(event));
  }
  return events;
}

std::int64_t Events::last_id() {
  return find_integer(database_, "SELECT max(id) FROM events").value_or(0);
}

void Events::prune() {
  run(database_, "DELETE FROM events WHERE id <= ?1", last_id() - kKept);
}

}  // namespace grange
