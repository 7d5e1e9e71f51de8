#include "record/jobsets.h"

#include "base/error.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kJobsetColumns =
    "SELECT j.id, j.project, p.name, p.enabled, p.hidden, j.name, j.description, j.state, "
    "j.hidden, j.flake, j.expression_input, j.expression_path, j.check_interval, j.shares, "
    "j.keep, j.allow_import_from_derivation, j.declared_in, j.version, j.last_checked, "
    "j.triggered, j.forced, j.evaluating, j.fetch_problem, j.problem, j.problem_since, "
    "j.queued_builds, j.good_builds, j.failed_builds "
    "FROM jobsets j JOIN projects p ON p.id = j.project WHERE j.deleted IS NULL ";

Jobset read_jobset(const Statement& statement) {
  RowReader row(statement);
  Jobset jobset;
  jobset.id = row.integer();
  jobset.project = row.integer();
  jobset.project_name = row.text();
  jobset.project_enabled = row.flag();
  jobset.project_hidden = row.flag();
  auto& settings = jobset.settings;
  settings.name = row.text();
  settings.description = row.text();
  settings.state = static_cast<JobsetState>(row.integer());
  settings.hidden = row.flag();
  settings.flake = row.text();
  settings.expression_input = row.text();
  settings.expression_path = row.text();
  settings.check_interval = row.integer();
  settings.shares = row.integer();
  settings.keep = row.integer();
  settings.allow_import_from_derivation = row.flag();
  jobset.declared_in = row.text();
  jobset.version = row.integer();
  auto& status = jobset.status;
  status.last_checked = row.optional_time();
  status.triggered = row.optional_time();
  status.forced = row.flag();
  status.evaluating = row.optional_time();
  status.fetch_problem = row.text();
  status.problem = row.text();
  status.problem_since = row.optional_time();
  status.queued_builds = row.integer();
  status.good_builds = row.integer();
  status.failed_builds = row.integer();
  return jobset;
}

}  // namespace

std::vector<Jobset> Jobsets::read(const std::string& condition, std::optional<std::int64_t> id,
                                  std::optional<std::string_view> name) {
  auto statement = database_.prepare(std::string(kJobsetColumns) + condition);
  if (id) statement.bind(1, *id);
  if (name) statement.bind(2, *name);  // only ever beside an id
  std::vector<Jobset> jobsets;
  while (statement.step()) jobsets.push_back(read_jobset(statement));
  statement.reset();
  for (auto& jobset : jobsets) read_inputs(jobset);
  return jobsets;
}

void Jobsets::read_inputs(Jobset& jobset) {
  auto statement =
      database_.prepare("SELECT name, type, value FROM jobset_inputs WHERE jobset = ?1");
  bind_all(statement, jobset.id);
  while (statement.step()) {
    RowReader row(statement);
    auto name = row.text();
    auto type = row.text();
    jobset.settings.inputs.emplace(std::move(name),
                                   JobsetInputSetting{std::move(type), row.text()});
  }
}

std::vector<Jobset> Jobsets::all() {
  return read("ORDER BY p.name, j.name", {}, {});
}

std::vector<Jobset> Jobsets::of_project(std::int64_t project) {
  return read("AND j.project = ?1 ORDER BY j.name", project, {});
}

std::optional<Jobset> Jobsets::find(std::int64_t id) {
  auto found = read("AND j.id = ?1", id, {});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::optional<Jobset> Jobsets::find(std::int64_t project, std::string_view name) {
  auto found = read("AND j.project = ?1 AND j.name = ?2", project, name);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

bool Jobsets::is_hidden(std::int64_t id) {
  return find_integer(database_,
                      "SELECT 1 FROM jobsets j JOIN projects p ON p.id = j.project "
                      "WHERE j.id = ?1 AND (j.hidden = 1 OR p.hidden = 1)",
                      id)
      .has_value();
}

std::optional<std::string> Jobsets::renamed(std::int64_t project, std::string_view old_name) {
  return find_text(database_,
                   "SELECT j.name FROM jobset_renames r JOIN jobsets j ON j.id = r.jobset "
                   "WHERE r.project = ?1 AND r.old_name = ?2 AND j.deleted IS NULL",
                   project, old_name);
}

std::int64_t Jobsets::create(std::int64_t project, const JobsetSettings& settings,
                             const std::string& declared_in) {
  if (find(project, settings.name)) {
    throw ConflictError("jobset '" + settings.name + "' exists already");
  }
  run(database_, "DELETE FROM jobset_renames WHERE project = ?1 AND old_name = ?2", project,
      settings.name);
  const auto id = *find_integer(
      database_,
      "INSERT INTO jobsets (project, name, description, state, hidden, flake, expression_input, "
      "expression_path, check_interval, shares, keep, allow_import_from_derivation, declared_in, "
      "version, forced, fetch_problem, problem, next_position, epoch, live_rows, closed_rows, "
      "queued_builds, good_builds, failed_builds) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
      "?10, ?11, ?12, ?13, 1, 0, '', '', 1, 1, 0, 0, 0, 0, 0) RETURNING id",
      project, settings.name, settings.description, static_cast<int>(settings.state),
      settings.hidden, settings.flake, settings.expression_input, settings.expression_path,
      settings.check_interval, settings.shares, settings.keep,
      settings.allow_import_from_derivation, declared_in);
  write_inputs(id, settings);
  return id;
}

void Jobsets::update(const Jobset& jobset, const JobsetSettings& settings,
                     const std::string& declared_in) {
  if (settings.name != jobset.settings.name) {
    if (find(jobset.project, settings.name)) {
      throw ConflictError("jobset '" + settings.name + "' exists already");
    }
    run(database_, "DELETE FROM jobset_renames WHERE project = ?1 AND old_name = ?2",
        jobset.project, settings.name);
    run(database_,
        "INSERT INTO jobset_renames (project, old_name, jobset) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (project, old_name) DO UPDATE SET jobset = ?3",
        jobset.project, jobset.settings.name, jobset.id);
  }
  run(database_,
      "UPDATE jobsets SET name = ?2, description = ?3, state = ?4, hidden = ?5, flake = ?6, "
      "expression_input = ?7, expression_path = ?8, check_interval = ?9, shares = ?10, "
      "keep = ?11, allow_import_from_derivation = ?12, declared_in = ?13, version = version + 1 "
      "WHERE id = ?1",
      jobset.id, settings.name, settings.description, static_cast<int>(settings.state),
      settings.hidden, settings.flake, settings.expression_input, settings.expression_path,
      settings.check_interval, settings.shares, settings.keep,
      settings.allow_import_from_derivation, declared_in);
  run(database_, "DELETE FROM jobset_inputs WHERE jobset = ?1", jobset.id);
  write_inputs(jobset.id, settings);
}

void Jobsets::write_inputs(std::int64_t jobset, const JobsetSettings& settings) {
  for (const auto& [name, input] : settings.inputs) {
    run(database_, "INSERT INTO jobset_inputs (jobset, name, type, value) VALUES (?1, ?2, ?3, ?4)",
        jobset, name, input.type, input.value);
  }
}

void Jobsets::remove(const Jobset& jobset, TimePoint now) {
  run(database_,
      "UPDATE jobsets SET deleted = ?2, state = 0, triggered = NULL, version = version + 1 "
      "WHERE id = ?1",
      jobset.id, now);
}

std::string Jobsets::declaration(std::int64_t jobset) {
  return find_text(database_, "SELECT declaration FROM jobsets WHERE id = ?1", jobset).value_or("");
}

void Jobsets::set_declaration(std::int64_t jobset, const std::string& digest) {
  run(database_, "UPDATE jobsets SET declaration = ?2 WHERE id = ?1", jobset, digest);
}

void Jobsets::trigger(std::int64_t jobset, TimePoint now, bool forced) {
  run(database_,
      "UPDATE jobsets SET triggered = coalesce(triggered, ?2), "
      "forced = CASE WHEN ?3 = 1 THEN 1 ELSE forced END WHERE id = ?1",
      jobset, now, forced);
}

void Jobsets::begin_evaluating(std::int64_t jobset, TimePoint now) {
  run(database_, "UPDATE jobsets SET evaluating = ?2, triggered = NULL, forced = 0 WHERE id = ?1",
      jobset, now);
}

void Jobsets::end_evaluating(const Jobset& jobset, TimePoint now, const std::string& fetch_problem,
                             const std::string& problem) {
  run(database_,
      "UPDATE jobsets SET evaluating = NULL, last_checked = ?2, "
      "state = CASE WHEN state = 2 AND version = ?3 THEN 0 ELSE state END, "
      "problem_since = CASE WHEN ?4 = '' AND ?5 = '' THEN NULL "
      "ELSE coalesce(problem_since, ?2) END, fetch_problem = ?4, problem = ?5 WHERE id = ?1",
      jobset.id, now, jobset.version, fetch_problem, problem);
}

void Jobsets::resume_evaluating(TimePoint now, std::int64_t jobset) {
  run(database_,
      "UPDATE jobsets SET evaluating = NULL, triggered = coalesce(triggered, ?1), forced = 1 "
      "WHERE evaluating IS NOT NULL AND (?2 = 0 OR id = ?2)",
      now, jobset);
}

void Jobsets::add_to_counts(std::int64_t jobset, std::int64_t queued, std::int64_t good,
                            std::int64_t failed) {
  run(database_,
      "UPDATE jobsets SET queued_builds = queued_builds + ?2, good_builds = good_builds + ?3, "
      "failed_builds = failed_builds + ?4 WHERE id = ?1",
      jobset, queued, good, failed);
}

}  // namespace grange
