#include "pages/build_actions.h"

#include <nlohmann/json.hpp>

#include "pages/page_values.h"
#include "pages/project_facts.h"

namespace grange {

ApiJson build_actions(const PageCall& call, const ApiJson& build) {
  ApiJson actions = ApiJson::array();
  if (!build["project"].is_string()) return actions;
  const auto project =
      call.get("/api/v1/projects/" + url_part(build["project"].get<std::string>()));
  const auto facts = project_facts(project);
  const auto url = "/api/v1/builds/" + build["id"].dump();
  const auto add = [&](Permission permission, bool fits, std::string_view text,
                       std::string_view method, const std::string& target,
                       std::string_view hint = "") {
    if (fits && may(call.identity, permission, &facts)) {
      actions.push_back({{"text", text}, {"method", method}, {"target", target}, {"hint", hint}});
    }
  };
  const bool has_ended = build["finished"].get<bool>();
  const bool has_failed = has_ended && build["outcome"] != "good";
  const bool through_others = has_failed && build["outcome"] == "dependency failed";
  const bool keep = build["keep"].get<bool>();
  const bool has_dependents = has_failed && !through_others && !build["failedInputs"].empty();
  add(Permission::restart_builds, has_failed && !through_others && !has_dependents, "Restart",
      "POST", url + "/restart");
  add(Permission::restart_builds, has_dependents, "Restart, with what failed through it", "POST",
      url + "/restart", "Builds that failed because of it are queued again, too.");
  add(Permission::restart_builds, through_others, "Restart what failed, and this", "POST",
      url + "/restart", "With all that failed because of the same.");
  if (build["evaluation"].is_number()) {
    const auto evaluation = "/api/v1/evaluations/" + build["evaluation"].dump();
    add(Permission::restart_builds, has_failed, "Restart all failed builds of its evaluation",
        "POST", evaluation + "/restart");
  }
  add(Permission::cancel_builds, !has_ended, "Cancel", "POST", url + "/cancel");
  add(Permission::bump_builds, !has_ended, "Bump to the front", "POST", url + "/bump");
  add(Permission::keep_builds, !keep, "Keep its results", "PUT", url + "/keep");
  add(Permission::keep_builds, keep, "Keep them no longer", "DELETE", url + "/keep");
  return actions;
}

}  // namespace grange
