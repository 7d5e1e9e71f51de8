#include "command/project_admin.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/farm_settings.h"
#include "command/farm_wait.h"
#include "record/builds.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "serve/api_json.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

void refuse_declared_one(const std::string& what, const std::string& declared_in) {
  if (declared_in.empty()) return;
  throw ConflictError(what + " is declared in '" + printable(declared_in) + "': change it there");
}

Project stored_project(Database& database, const std::string& name) {
  auto project = Projects(database).find(name);
  if (!project) throw NotFoundError("there is no project '" + printable(name) + "'");
  return *std::move(project);
}

Jobset stored_jobset(Database& database, const std::string& project, const std::string& name) {
  auto jobset = Jobsets(database).find(stored_project(database, project).id, name);
  if (!jobset) {
    throw NotFoundError("there is no jobset '" + printable(project + ":" + name) + "'");
  }
  return *std::move(jobset);
}

/// What is queued of what is deleted will not be made.
void cancel_queued(Database& database, BuildQuery query, TimePoint now) {
  query.finished = false;
  query.with_hidden = true;
  query.limit = 1'000'000;
  Builds builds(database);
  std::vector<FinishedBuild> ends;
  for (const auto& build : builds.list(query)) {
    FinishedBuild end;
    end.build = build.id;
    end.outcome = Outcome::cancelled;
    end.started = build.started.value_or(now);
    end.stopped = now;
    end.message = "cancelled";
    ends.push_back(std::move(end));
  }
  builds.finish(ends);
}

/// In the database itself.
class StoredProjects final : public ProjectAdmin {
 public:
  StoredProjects(std::unique_ptr<Database> database, const Clock& clock)
      : database_(std::move(database)), clock_(clock) {}

  Json projects() override {
    const Snapshot snapshot(*database_);
    Json list = Json::array();
    for (const auto& project : Projects(*database_).all()) list.push_back(api_project(project));
    return list;
  }
  Json jobsets(const std::string& project) override {
    const Snapshot snapshot(*database_);
    Jobsets table(*database_);
    const auto found =
        project.empty() ? table.all() : table.of_project(stored_project(*database_, project).id);
    Json list = Json::array();
    for (const auto& jobset : found) list.push_back(api_jobset(jobset));
    return list;
  }
  Json jobset(const std::string& project, const std::string& name) override {
    const Snapshot snapshot(*database_);
    const auto found = stored_jobset(*database_, project, name);
    return api_jobset(found);
  }

  void put_project(const std::string& name, const Json& body) override {
    auto parsed = parse_project_body(name, body.dump());
    change_farm(*database_, [&](Database& database) {
      Projects table(database);
      std::int64_t id = 0;
      if (const auto present = table.find(name)) {
        refuse_declared_one("project '" + name + "'", present->declared_in);
        id = present->id;
        if (!body.contains("owner")) parsed.settings.owner = present->settings.owner;
        table.update(*present, parsed.settings, "");
      } else {
        id = table.create(parsed.settings, "");
      }
      if (parsed.members) table.set_members(id, *parsed.members);
    });
  }
  void delete_project(const std::string& name) override {
    change_farm(*database_, [&](Database& database) {
      const auto project = stored_project(database, name);
      refuse_declared_one("project '" + name + "'", project.declared_in);
      BuildQuery query;
      query.project = project.id;
      cancel_queued(database, query, clock_.now());
      Projects(database).remove(project, clock_.now());
    });
  }
  void put_jobset(const std::string& project, const std::string& name, const Json& body) override {
    const auto settings = parse_jobset_body(name, body.dump());
    change_farm(*database_, [&](Database& database) {
      const auto parent = stored_project(database, project);
      refuse_declared_one("project '" + project + "'", parent.declared_in);
      Jobsets table(database);
      std::int64_t id = 0;
      if (const auto present = table.find(parent.id, name)) {
        refuse_declared_one("jobset '" + project + ":" + name + "'", present->declared_in);
        id = present->id;
        table.update(*present, settings, "");
      } else {
        id = table.create(parent.id, settings, "");
      }
      const bool by_itself = settings.check_interval > 0 || settings.state == JobsetState::one_shot;
      if (settings.state != JobsetState::off && by_itself) table.trigger(id, clock_.now(), false);
    });
  }
  void delete_jobset(const std::string& project, const std::string& name) override {
    change_farm(*database_, [&](Database& database) {
      const auto jobset = stored_jobset(database, project, name);
      refuse_declared_one("jobset '" + project + ":" + name + "'", jobset.declared_in);
      BuildQuery query;
      query.jobset = jobset.id;
      cancel_queued(database, query, clock_.now());
      Jobsets(database).remove(jobset, clock_.now());
    });
  }

 private:
  const std::unique_ptr<Database> database_;
  const Clock& clock_;
};

/// Through the API.
class ServedProjects final : public ProjectAdmin {
 public:
  ServedProjects(const FarmClientOptions& options, const Clock& clock, const std::stop_token& stop)
      : client_(options, clock, stop) {}

  Json projects() override { return client_.get_all("/api/v1/projects", "projects"); }
  Json jobsets(const std::string& project) override {
    FarmClient::Query query;
    if (!project.empty()) query.push_back({"project", project});
    return client_.get_all("/api/v1/jobsets", "jobsets", query);
  }
  Json jobset(const std::string& project, const std::string& name) override {
    return client_.get(jobset_path(project, name));
  }
  void put_project(const std::string& name, const Json& body) override {
    client_.send("PUT", project_path(name), body);
  }
  void delete_project(const std::string& name) override {
    client_.send("DELETE", project_path(name), nullptr);
  }
  void put_jobset(const std::string& project, const std::string& name, const Json& body) override {
    client_.send("PUT", jobset_path(project, name), body);
  }
  void delete_jobset(const std::string& project, const std::string& name) override {
    client_.send("DELETE", jobset_path(project, name), nullptr);
  }

 private:
  static std::string project_path(const std::string& name) {
    return "/api/v1/projects/" + FarmClient::encoded(name);
  }

  FarmClient client_;
};

}  // namespace

std::unique_ptr<ProjectAdmin> ProjectAdmin::open(const AdminPlace& place, const Clock& clock,
                                                 const std::stop_token& stop) {
  if (place.is_remote()) return std::make_unique<ServedProjects>(place.client, clock, stop);
  return std::make_unique<StoredProjects>(open_farm_database(place.database, FarmOpening::making),
                                          clock);
}

}  // namespace grange
