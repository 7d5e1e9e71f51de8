#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/hydra_routes.h"
#include "serve/hydra_settings.h"
#include "serve/json_body.h"

namespace grange {
namespace {

/// Hydra's web form creates jobsets under this name of the path; the body has the real one.
constexpr std::string_view kNewJobset = ".new";

/// What Hydra says of what was put: 201 where it is new.
ServerResponse hydra_put_answer(const ApiCall& call, const std::string& name,
                                const std::string& path, std::string_view type, bool is_created) {
  const auto& base = call.context.accounts.options().site.base_url;
  const auto uri = base ? base->append_path(path.substr(1)).to_string() : path;
  auto response = api_answer({{"name", name}, {"uri", uri}, {"redirect", uri}, {"type", type}},
                             is_created ? 201 : 200);
  if (is_created) response.headers.set("Location", path);
  return response;
}

ServerResponse hydra_put_project(ApiCall& call) {
  const auto& name = call.text("project");
  auto body = parse_hydra_project(parse_json_body(call.http.text), name);
  const auto& owner = body.owner;
  body.settings.owner = call.farm().database().read([&](Database& database) {
    if (is_new_project(call, database, name)) {
      if (owner && *owner != call.identity.name) {
        require(call.identity, Permission::change_owner);
      }
      return owner.value_or(call.identity.name);
    }
    const auto seen = seen_project(call, database, name);
    require(call.identity, Permission::edit_project, &seen.facts);
    const auto& present = seen.project.settings.owner;
    if (owner && *owner != present) {
      require(call.identity, Permission::change_owner, &seen.facts);
    }
    return owner.value_or(present);
  });
  const auto put = call.actions().put_project(name, body.settings);
  return hydra_put_answer(call, body.settings.name, "/project/" + body.settings.name, "project",
                          put.created);
}

ServerResponse hydra_delete_project(ApiCall& call) {
  const auto& name = call.text("project");
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_project(call, database, name);
    require(call.identity, Permission::delete_project, &seen.facts);
    return 0;
  });
  call.actions().delete_project(name);
  return api_answer({{"redirect", "/"}});
}

ServerResponse hydra_put_jobset(ApiCall& call) {
  const auto& project = call.text("project");
  const auto& name = call.text("jobset");
  auto body = parse_json_body(call.http.text);
  const auto present = call.farm().database().read([&](Database& database) {
    const auto seen = seen_project(call, database, project);
    require(call.identity, Permission::edit_jobset, &seen.facts);
    const auto jobset = Jobsets(database).find(seen.project.id, name);
    if (jobset && jobset->settings.hidden && !sees_all_of(call, seen)) {
      throw ConflictError("the name '" + printable(name) + "' is taken");
    }
    return jobset ? std::optional(jobset->settings) : std::nullopt;
  });
  const auto settings =
      parse_hydra_jobset(std::move(body), name == kNewJobset ? "" : name, present);
  const auto put = call.actions().put_jobset(project, name, settings);
  return hydra_put_answer(call, settings.name, "/jobset/" + project + "/" + settings.name, "jobset",
                          put.created);
}

ServerResponse hydra_delete_jobset(ApiCall& call) {
  const auto& project = call.text("project");
  const auto& name = call.text("jobset");
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, project, name);
    require(call.identity, Permission::delete_jobset, &seen.facts);
    return 0;
  });
  call.actions().delete_jobset(project, name);
  return api_answer({{"redirect", "/project/" + project}});
}

}  // namespace

void add_hydra_setting_routes(Router& router, const ApiContext& context) {
  const auto add = [&](RequestMethod method, std::string_view pattern, ApiHandler handler) {
    add_hydra_route(router, context, method, pattern, std::move(handler));
  };
  add(RequestMethod::put, "/project/{project}", hydra_put_project);
  add(RequestMethod::erase, "/project/{project}", hydra_delete_project);
  add(RequestMethod::put, "/jobset/{project}/{jobset}", hydra_put_jobset);
  add(RequestMethod::erase, "/jobset/{project}/{jobset}", hydra_delete_jobset);
}

}  // namespace grange
