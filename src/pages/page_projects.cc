#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_jobset.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/project_facts.h"

namespace grange {
namespace {

ApiJson project_page(PageCall& call) {
  const auto api = "/api/v1/projects/" + url_part(call.text("project"));
  const auto project = call.get(api);
  // What a file declares is changed there.
  const bool is_ours = project["declaredIn"].is_null();
  return {{"title", project["displayName"]},
          {"name", project["name"]},
          {"description", project["description"]},
          {"homepage", project["homepage"]},
          {"owner", project["owner"]},
          {"enabled", project["enabled"]},
          {"hidden", project["hidden"]},
          {"declaredIn", project["declaredIn"]},
          {"jobsets", rows_of(project["jobsets"],
                              [&](const ApiJson& one) { return jobset_row(one, call.now); })},
          {"mayEdit", is_ours && may_edit(call, Permission::edit_jobset, project)},
          {"mayDelete", is_ours && may_edit(call, Permission::delete_project, project)},
          {"url", project_url(project["name"])},
          {"apiUrl", api},
          {"deletion", deletion_view("project " + project["name"].get<std::string>(), api, "/")},
          {"newJobsetUrl", project_url(project["name"]) + "/new-jobset"}};
}

}  // namespace

void add_project_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/project/{project}", "project", project_page);
}

}  // namespace grange
