#include "serve/openapi.h"

namespace grange {
namespace {

constexpr std::size_t kLongestField = 10'000;

shape::Json project_schema() {
  return shape::object({{"id", shape::integer()},
                        {"name", shape::text()},
                        {"displayName", shape::text()},
                        {"description", shape::text()},
                        {"homepage", shape::text()},
                        {"owner", shape::text()},
                        {"enabled", shape::flag()},
                        {"hidden", shape::flag()},
                        {"declaredIn", shape::nullable(shape::text())},
                        {"version", shape::integer()}});
}

shape::Json jobset_state() {
  return shape::one_of({"off", "on", "one-shot", "one-at-a-time"});
}

shape::Json input_schema() {
  return shape::object({{"type", shape::text()}, {"value", shape::text()}});
}

shape::Json counts_schema() {
  return shape::object(
      {{"queued", shape::integer()}, {"good", shape::integer()}, {"failed", shape::integer()}});
}

shape::Json jobset_schema() {
  return shape::object({{"id", shape::integer()},
                        {"project", shape::text()},
                        {"name", shape::text()},
                        {"description", shape::text()},
                        {"state", jobset_state()},
                        {"hidden", shape::flag()},
                        {"flake", shape::text()},
                        {"expressionInput", shape::text()},
                        {"expressionPath", shape::text()},
                        {"checkInterval", shape::integer()},
                        {"shares", shape::integer(1)},
                        {"keep", shape::integer()},
                        {"allowImportFromDerivation", shape::flag()},
                        {"inputs", shape::map_of(shape::ref("JobsetInput"))},
                        {"declaredIn", shape::nullable(shape::text())},
                        {"version", shape::integer()},
                        {"lastChecked", shape::nullable(shape::time())},
                        {"triggered", shape::nullable(shape::time())},
                        {"evaluating", shape::nullable(shape::time())},
                        {"fetchProblem", shape::text()},
                        {"problem", shape::text()},
                        {"problemSince", shape::nullable(shape::time())},
                        {"builds", shape::ref("BuildCounts")}});
}

/// What one says of a project. Null counts as missing.
shape::Json project_body() {
  const auto text = shape::nullable(shape::text(kLongestField));
  const auto flag = shape::nullable(shape::flag());
  return shape::object(
      {shape::may_have("name", text), shape::may_have("displayName", text),
       shape::may_have("description", text), shape::may_have("homepage", text),
       shape::may_have("enabled", flag), shape::may_have("hidden", flag),
       shape::may_have("owner", text),
       shape::may_have("members", shape::nullable(shape::list_of(shape::text())))});
}

shape::Json jobset_body() {
  const auto text = shape::nullable(shape::text(kLongestField));
  const auto flag = shape::nullable(shape::flag());
  return shape::object(
      {shape::may_have("name", text), shape::may_have("description", text),
       shape::may_have("state", shape::nullable(jobset_state())), shape::may_have("hidden", flag),
       shape::may_have("flake", text), shape::may_have("expressionInput", text),
       shape::may_have("expressionPath", text),
       shape::may_have("checkInterval", shape::nullable(shape::integer())),
       shape::may_have("shares", shape::nullable(shape::integer(1))),
       shape::may_have("keep", shape::nullable(shape::integer())),
       shape::may_have("allowImportFromDerivation", flag),
       shape::may_have("inputs", shape::nullable(shape::map_of(shape::ref("JobsetInput"))))});
}

void describe_project_routes(ApiDescription& api) {
  using shape::Json;
  constexpr std::string_view kPath = "/api/v1/projects/{project}";
  const auto deleted = shape::object({{"deleted", shape::text()}});
  api.add(RequestMethod::get, "/api/v1/projects", "listProjects", "projects", "Projects, by name")
      .paged("after", shape::text())
      .answers(200, shape::page_of("projects", "Project"));
  api.add(RequestMethod::get, kPath, "getProject", "projects", "A project with its jobsets")
      .answers(200,
               shape::with(project_schema(), {{"members", shape::list_of(shape::text())},
                                              {"jobsets", shape::list_of(shape::ref("Jobset"))}}))
      .answers_with(301, "", "It has another name by now: Location.");
  api.add(RequestMethod::put, kPath, "putProject", "projects", "Make or replace a project")
      .about(
          "Making one takes what x-grange-needs says, or of one that is there, its owner or a "
          "member; another owner, an administrator; other members, the owner.")
      .needs(Permission::create_project)
      .header("If-None-Match", "`*`: only make it; where it is there, 409.")
      .body(project_body(), Json{{"displayName", "Demo"}, {"description", "Examples"}})
      .answers(200, shape::ref("Project"))
      .answers(201, shape::ref("Project"))
      .refuses(404)
      .refuses(409);
  api.add(RequestMethod::erase, kPath, "deleteProject", "projects", "Delete a project")
      .about("Its history stays.")
      .needs(Permission::delete_project)
      .answers(200, deleted)
      .refuses(409);
}

void describe_jobset_routes(ApiDescription& api) {
  using shape::Json;
  constexpr std::string_view kPath = "/api/v1/projects/{project}/jobsets/{jobset}";
  const Json example{
      {"expressionInput", "src"},
      {"expressionPath", "release.nix"},
      {"checkInterval", 300},
      {"inputs", {{"src", {{"type", "git"}, {"value", "https://example.org/demo.git main"}}}}}};
  api.add(RequestMethod::get, "/api/v1/jobsets", "listJobsets", "projects",
          "Jobsets, by project and name")
      .takes("project", shape::text(), "Only of this project.")
      .paged("after", shape::text())
      .answers(200, shape::page_of("jobsets", "Jobset"))
      .refuses(404);
  const auto usage = shape::described(shape::object({{"shares", shape::integer(1)},
                                                     {"entitledPart", shape::number()},
                                                     {"coreSecondsLastDay", shape::number()},
                                                     {"usedPart", shape::number()}}),
                                      "Its share of machine time, and what it got of that of the "
                                      "steps that ended in the last day.");
  api.add(RequestMethod::get, kPath, "getJobset", "projects", "A jobset")
      .answers(200, shape::with(jobset_schema(), {{"usage", usage}}))
      .answers_with(301, "", "It, or its project, has another name by now: Location.");
  api.add(RequestMethod::put, kPath, "putJobset", "projects",
          "Make a jobset, or replace it and all its inputs")
      .needs(Permission::edit_jobset)
      .header("If-None-Match", "`*`: only make it; where it is there, 409.")
      .body(jobset_body(), example)
      .answers(200, shape::ref("Jobset"))
      .answers(201, shape::ref("Jobset"))
      .refuses(409);
  api.add(RequestMethod::erase, kPath, "deleteJobset", "projects", "Delete a jobset")
      .about("Its history stays.")
      .needs(Permission::delete_jobset)
      .answers(200, shape::object({{"deleted", shape::text()}}))
      .refuses(409);
  api.add(RequestMethod::post, "/api/v1/projects/{project}/jobsets/{jobset}/evaluate",
          "evaluateJobset", "projects", "Ask for an evaluation")
      .needs(Permission::evaluate_jobset)
      .takes("force", shape::flag(), "Also where the inputs are unchanged, or it is off.")
      .answers(202, shape::object({{"triggered", shape::text()}}))
      .refuses(409);
}

}  // namespace

void describe_projects(ApiDescription& api) {
  api.schema("Project", project_schema());
  api.schema("JobsetInput", input_schema());
  api.schema("BuildCounts", counts_schema());
  api.schema("Jobset", jobset_schema());
  describe_project_routes(api);
  describe_jobset_routes(api);
}

}  // namespace grange
