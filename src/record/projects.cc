#include "record/projects.h"

#include "base/error.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kProjectColumns =
    "SELECT id, name, display_name, description, homepage, owner, enabled, hidden, declared_in, "
    "version FROM projects WHERE deleted IS NULL ";

Project read_project(const Statement& statement) {
  RowReader row(statement);
  Project project;
  project.id = row.integer();
  auto& settings = project.settings;
  settings.name = row.text();
  settings.display_name = row.text();
  settings.description = row.text();
  settings.homepage = row.text();
  settings.owner = row.text();
  settings.enabled = row.flag();
  settings.hidden = row.flag();
  project.declared_in = row.text();
  project.version = row.integer();
  return project;
}

}  // namespace

std::vector<Project> Projects::all() {
  auto statement = database_.prepare(std::string(kProjectColumns) + "ORDER BY name");
  std::vector<Project> projects;
  while (statement.step()) projects.push_back(read_project(statement));
  return projects;
}

std::optional<Project> Projects::find(std::string_view name) {
  auto statement = database_.prepare(std::string(kProjectColumns) + "AND name = ?1");
  bind_all(statement, name);
  if (!statement.step()) return std::nullopt;
  return read_project(statement);
}

std::optional<Project> Projects::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kProjectColumns) + "AND id = ?1");
  bind_all(statement, id);
  if (!statement.step()) return std::nullopt;
  return read_project(statement);
}

std::optional<std::string> Projects::renamed(std::string_view old_name) {
  return find_text(database_,
                   "SELECT p.name FROM project_renames r JOIN projects p ON p.id = r.project "
                   "WHERE r.old_name = ?1 AND p.deleted IS NULL",
                   old_name);
}

std::int64_t Projects::create(const ProjectSettings& settings, const std::string& declared_in) {
  if (find(settings.name)) throw ConflictError("project '" + settings.name + "' exists already");
  run(database_, "DELETE FROM project_renames WHERE old_name = ?1", settings.name);
  return *find_integer(database_,
                       "INSERT INTO projects (name, display_name, description, homepage, owner, "
                       "enabled, hidden, declared_in, version) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) RETURNING id",
                       settings.name, settings.display_name, settings.description,
                       settings.homepage, settings.owner, settings.enabled, settings.hidden,
                       declared_in);
}

void Projects::update(const Project& project, const ProjectSettings& settings,
                      const std::string& declared_in) {
  if (settings.name != project.settings.name) {
    if (find(settings.name)) throw ConflictError("project '" + settings.name + "' exists already");
    run(database_, "DELETE FROM project_renames WHERE old_name = ?1", settings.name);
    run(database_,
        "INSERT INTO project_renames (old_name, project) VALUES (?1, ?2) "
        "ON CONFLICT (old_name) DO UPDATE SET project = ?2",
        project.settings.name, project.id);
  }
  run(database_,
      "UPDATE projects SET name = ?2, display_name = ?3, description = ?4, homepage = ?5, "
      "owner = ?6, enabled = ?7, hidden = ?8, declared_in = ?9, version = version + 1 "
      "WHERE id = ?1",
      project.id, settings.name, settings.display_name, settings.description, settings.homepage,
      settings.owner, settings.enabled, settings.hidden, declared_in);
}

void Projects::remove(const Project& project, TimePoint now) {
  run(database_,
      "UPDATE jobsets SET deleted = ?2, state = 0 WHERE project = ?1 AND deleted IS NULL",
      project.id, now);
  run(database_, "UPDATE projects SET deleted = ?2, version = version + 1 WHERE id = ?1",
      project.id, now);
}

std::vector<std::string> Projects::members(std::int64_t project) {
  auto statement =
      database_.prepare("SELECT account FROM project_members WHERE project = ?1 ORDER BY account");
  bind_all(statement, project);
  std::vector<std::string> accounts;
  while (statement.step()) accounts.emplace_back(statement.text(0));
  return accounts;
}

bool Projects::is_member(std::int64_t project, std::string_view account) {
  return find_integer(database_,
                      "SELECT 1 FROM project_members WHERE project = ?1 AND account = ?2", project,
                      account)
      .has_value();
}

void Projects::set_members(std::int64_t project, const std::vector<std::string>& accounts) {
  run(database_, "DELETE FROM project_members WHERE project = ?1", project);
  for (const auto& account : accounts) {
    run(database_,
        "INSERT INTO project_members (project, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        project, account);
  }
}

}  // namespace grange
