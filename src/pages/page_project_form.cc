#include <nlohmann/json.hpp>

#include "base/text.h"
#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/project_facts.h"

namespace grange {
namespace {

ApiJson new_project_page(PageCall& call) {
  require(call.identity, Permission::create_project);
  return {{"title", "New project"},
          {"isNew", true},
          {"apiUrl", "/api/v1/projects/{name}"},
          {"backUrl", "/"},
          {"enabled", true},
          {"owner", call.identity.name},
          {"mayChangeOwner", may(call.identity, Permission::administer)},
          {"mayChangeMembers", true}};
}

ApiJson edit_project_page(PageCall& call) {
  const auto api = "/api/v1/projects/" + url_part(call.text("project"));
  const auto project = call.get(api);
  const auto facts = project_facts(project);
  require(call.identity, Permission::edit_project, &facts);
  return {{"title", "Edit " + project["displayName"].get<std::string>()},
          {"crumbs", crumbs(project["name"], nullptr)},
          {"apiUrl", api},
          {"backUrl", project_url(project["name"])},
          {"locked", project["declaredIn"]},
          {"name", project["name"]},
          {"displayName", project["displayName"]},
          {"description", project["description"]},
          {"homepage", project["homepage"]},
          {"enabled", project["enabled"]},
          {"hidden", project["hidden"]},
          {"owner", project["owner"]},
          {"members", join(facts.members, " ")},
          {"mayChangeOwner", may(call.identity, Permission::change_owner, &facts)},
          {"mayChangeMembers", may(call.identity, Permission::change_members, &facts)}};
}

}  // namespace

void add_project_form_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/new-project", "project_form", new_project_page);
  add_page(router, site, "/project/{project}/edit", "project_form", edit_project_page);
}

}  // namespace grange
