#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "http/url.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/json_body.h"
#include "serve/setting_fields.h"

namespace grange {
namespace {

/// Problems of settings are told field by field.
template <typename Change>
auto with_field_errors(Change&& change) {
  try {
    return change();
  } catch (const SettingsError& error) {
    throw InvalidFieldsError(InvalidFieldsError::Fields(error.problems()));
  }
}

ServerResponse redirect_to(const std::string& where) {
  ServerResponse response;
  response.status = 301;
  response.headers.set("Location", where);
  return response;
}

/// Names of projects and jobsets need no escapes; what is asked for may be anything.
std::string jobset_path(const std::string& project, const std::string& jobset) {
  return "/api/v1/projects/" + percent_encode(project) + "/jobsets/" + percent_encode(jobset);
}

/// Throws ConflictError where who asks wants to make something, and nothing else, and it is there.
void refuse_to_replace(const ApiCall& call, bool is_there, const std::string& what) {
  if (!is_there || trim(call.http.request.headers.get("If-None-Match")) != "*") return;
  throw ConflictError("there is a " + what + " of this name already");
}

constexpr std::size_t kUsualList = 1000;

ServerResponse list_projects(ApiCall& call) {
  const auto limit = call.limit(kUsualList);
  std::vector<Project> seen;
  call.farm().database().read([&](Database& database) {
    Projects projects(database);
    for (auto& project : projects.all()) {
      const ProjectFacts facts{
          project.settings.hidden, project.settings.owner,
          project.settings.hidden ? projects.members(project.id) : std::vector<std::string>()};
      if (may(call.identity, Permission::read, &facts)) seen.push_back(std::move(project));
    }
    return 0;
  });
  const auto name_of = [](const Project& project) { return project.settings.name; };
  std::sort(seen.begin(), seen.end(),
            [&](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  return api_answer(page_of_whole<ApiJson>(call.http.request.target, "projects", seen, limit,
                                           name_of, api_project));
}

ServerResponse get_project(ApiCall& call) {
  const auto& name = call.text("project");
  std::optional<std::string> renamed;
  auto answer = call.farm().database().read([&](Database& database) {
    Projects projects(database);
    if (!projects.find(name)) renamed = seen_new_name(call, database, name);
    if (renamed) return ApiJson();
    const auto seen = seen_project(call, database, name);
    auto project = api_project(seen.project);
    project["members"] = seen.facts.members;
    ApiJson jobsets = ApiJson::array();
    for (const auto& jobset :
         seen_jobsets(call, database, Jobsets(database).of_project(seen.project.id))) {
      jobsets.push_back(api_jobset(jobset));
    }
    project["jobsets"] = std::move(jobsets);
    return project;
  });
  if (renamed) return redirect_to("/api/v1/projects/" + *renamed);
  return api_answer(answer);
}

ServerResponse put_project(ApiCall& call) {
  const auto& name = call.text("project");
  const auto body = parse_json_body(call.http.text);
  FieldErrors errors;
  JsonFields fields(body, errors);
  auto project = take_project(fields, name);
  auto& settings = project.settings;
  const auto& owner = project.owner;
  const auto& members = project.members;
  fields.end();
  errors.check();
  call.farm().database().read([&](Database& database) {
    if (is_new_project(call, database, name)) {
      settings.owner = owner.value_or(call.identity.name);
      return 0;
    }
    const auto seen = seen_project(call, database, name);
    require(call.identity, Permission::edit_project, &seen.facts);
    refuse_to_replace(call, true, "project");
    settings.owner = owner.value_or(seen.project.settings.owner);
    if (settings.owner != seen.project.settings.owner) {
      require(call.identity, Permission::change_owner, &seen.facts);
    }
    if (members && *members != seen.facts.members) {
      require(call.identity, Permission::change_members, &seen.facts);
    }
    return 0;
  });
  const auto put = with_field_errors([&] { return call.actions().put_project(name, settings); });
  if (members) call.actions().set_members(settings.name, *members);
  auto response = api_answer(call.farm().database().read([&](Database& database) {
    return api_project(Projects(database).find(put.id).value());
  }),
                             put.created ? 201 : 200);
  if (put.created) response.headers.set("Location", "/api/v1/projects/" + settings.name);
  return response;
}

ServerResponse delete_project(ApiCall& call) {
  const auto& name = call.text("project");
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_project(call, database, name);
    require(call.identity, Permission::delete_project, &seen.facts);
    return 0;
  });
  call.actions().delete_project(name);
  return api_answer({{"deleted", name}});
}

ServerResponse list_jobsets(ApiCall& call) {
  const auto limit = call.limit(kUsualList);
  auto seen = call.farm().database().read([&](Database& database) {
    Jobsets jobsets(database);
    const auto project = call.parameter("project");
    return seen_jobsets(call, database,
                        project
                            ? jobsets.of_project(seen_project(call, database, *project).project.id)
                            : jobsets.all());
  });
  const auto name_of = [](const Jobset& jobset) { return jobset.full_name(); };
  std::sort(seen.begin(), seen.end(),
            [&](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  return api_answer(page_of_whole<ApiJson>(call.http.request.target, "jobsets", seen, limit,
                                           name_of, api_jobset));
}

/// What its share entitles it to, and what it got: machine time of steps that ended in the last
/// day.
ApiJson usage_json(Database& database, const Jobset& jobset,
                   const std::map<std::int64_t, double>& seconds) {
  std::int64_t all_shares = 0;
  for (const auto& one : Jobsets(database).all()) {
    if (one.settings.state != JobsetState::off || one.status.queued_builds > 0 ||
        one.id == jobset.id) {
      all_shares += one.settings.shares;
    }
  }
  double all = 0;
  for (const auto& [id, used] : seconds) all += used;
  const auto found = seconds.find(jobset.id);
  const double used = found == seconds.end() ? 0 : found->second;
  return {{"shares", jobset.settings.shares},
          {"entitledPart", static_cast<double>(jobset.settings.shares) /
                               static_cast<double>(std::max<std::int64_t>(1, all_shares))},
          {"coreSecondsLastDay", used},
          {"usedPart", all > 0 ? used / all : 0.0}};
}

ServerResponse get_jobset(ApiCall& call) {
  const auto& project = call.text("project");
  const auto& name = call.text("jobset");
  std::optional<std::string> renamed;  // path
  const auto seconds = call.farm().machine_time().of_last_day();
  auto answer = call.farm().database().read([&](Database& database) {
    if (!Projects(database).find(project)) {
      if (const auto present = seen_new_name(call, database, project)) {
        renamed = jobset_path(*present, name);
      }
    } else {
      const auto parent = seen_project(call, database, project);
      if (!Jobsets(database).find(parent.project.id, name)) {
        const auto present = seen_new_name(call, database, parent.project.id, name);
        if (present) renamed = jobset_path(project, *present);
      }
    }
    if (renamed) return ApiJson();
    const auto jobset = seen_jobset(call, database, project, name).jobset;
    auto seen = api_jobset(jobset);
    seen["usage"] = usage_json(database, jobset, seconds);
    return seen;
  });
  if (renamed) return redirect_to(*renamed);
  return api_answer(answer);
}

ServerResponse put_jobset(ApiCall& call) {
  const auto& project = call.text("project");
  const auto& name = call.text("jobset");
  const auto body = parse_json_body(call.http.text);
  FieldErrors errors;
  JsonFields fields(body, errors);
  const auto settings = take_jobset(fields, name);
  fields.end();
  errors.check();
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_project(call, database, project);
    require(call.identity, Permission::edit_jobset, &seen.facts);
    const auto present = Jobsets(database).find(seen.project.id, name);
    if (present && present->settings.hidden && !sees_all_of(call, seen)) {
      throw ConflictError("the name '" + printable(name) + "' is taken");
    }
    refuse_to_replace(call, present.has_value(), "jobset");
    return 0;
  });
  const auto put =
      with_field_errors([&] { return call.actions().put_jobset(project, name, settings); });
  auto response = api_answer(call.farm().database().read([&](Database& database) {
    return api_jobset(Jobsets(database).find(put.id).value());
  }),
                             put.created ? 201 : 200);
  if (put.created) {
    response.headers.set("Location", jobset_path(project, settings.name));
  }
  return response;
}

ServerResponse delete_jobset(ApiCall& call) {
  const auto& project = call.text("project");
  const auto& name = call.text("jobset");
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, project, name);
    require(call.identity, Permission::delete_jobset, &seen.facts);
    return 0;
  });
  call.actions().delete_jobset(project, name);
  return api_answer({{"deleted", project + ":" + name}});
}

ServerResponse evaluate_jobset(ApiCall& call) {
  const auto jobset = call.farm().database().read([&](Database& database) {
    auto seen = seen_jobset(call, database, call.text("project"), call.text("jobset"));
    require(call.identity, Permission::evaluate_jobset, &seen.facts);
    return seen.jobset;
  });
  const bool forced = call.flag_parameter("force").value_or(false);
  const auto triggered = call.actions().trigger({jobset.id}, forced);
  if (triggered.empty()) {
    throw ConflictError("jobset '" + jobset.full_name() +
                        "' is off: switch it on, or force an evaluation");
  }
  return api_answer({{"triggered", jobset.full_name()}}, 202);
}

}  // namespace

void add_project_routes(Router& router, const ApiContext& context) {
  const auto add = [&](RequestMethod method, std::string_view pattern, ApiHandler handler) {
    add_api_route(router, context, method, pattern, std::move(handler));
  };
  add(RequestMethod::get, "/api/v1/projects", list_projects);
  add(RequestMethod::get, "/api/v1/projects/{project}", get_project);
  add(RequestMethod::put, "/api/v1/projects/{project}", put_project);
  add(RequestMethod::erase, "/api/v1/projects/{project}", delete_project);
  add(RequestMethod::get, "/api/v1/jobsets", list_jobsets);
  add(RequestMethod::get, "/api/v1/projects/{project}/jobsets/{jobset}", get_jobset);
  add(RequestMethod::put, "/api/v1/projects/{project}/jobsets/{jobset}", put_jobset);
  add(RequestMethod::erase, "/api/v1/projects/{project}/jobsets/{jobset}", delete_jobset);
  add(RequestMethod::post, "/api/v1/projects/{project}/jobsets/{jobset}/evaluate", evaluate_jobset);
}

}  // namespace grange
