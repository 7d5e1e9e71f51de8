#include "serve/api_context.h"

#include <limits>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "http/conditional.h"
#include "http/etag.h"
#include "record/public_export.h"
#include "serve/openapi.h"

namespace grange {
namespace {

constexpr std::size_t kApiBody = 1024 * 1024;

ServerResponse with_etag(const ServerRequest& request, ServerResponse response) {
  const auto* body = std::get_if<std::string>(&response.body);
  if (response.status != 200 || body == nullptr) return response;
  response.headers.set("ETag",
                       EntityTag::strong(base16_encode(sha256(*body)).substr(0, 32)).text());
  response.headers.set("Cache-Control", "no-cache");
  return apply_conditions(request, std::move(response));
}

void refuse_unknown_parameters(const RequestTarget& target, const ApiOperation& operation) {
  FieldErrors errors;
  for (const auto& [name, value] : target.parameters) {
    if (!operation.has_parameter(name)) errors.add(printable(name), "there is no such parameter");
  }
  errors.check();
}

/// Null for what the document does not describe.
const ApiOperation* operation_of(const ApiContext& context, RequestMethod method,
                                 std::string_view pattern) {
  if (!ApiDescription::describes(pattern)) return nullptr;
  const auto* operation = context.description.find(method, pattern);
  if (operation == nullptr) {
    throw std::logic_error("the route " + std::string(to_string(method)) + " " +
                           std::string(pattern) + " has no description: see serve/openapi.h");
  }
  return operation;
}

NotFoundError no_such(std::string_view noun, std::string_view name) {
  return NotFoundError("there is no " + std::string(noun) + " '" + printable(name) + "'");
}

ProjectFacts facts_of(Database& database, std::int64_t project, const std::string& owner,
                      bool hidden) {
  return {hidden, owner, Projects(database).members(project)};
}

/// Inputs' URLs may hold a password, which is for who may change it.
void hide_credentials(Jobset& jobset) {
  jobset.settings.flake = without_credentials(jobset.settings.flake, true);
  for (auto& [name, input] : jobset.settings.inputs) {
    input.value = without_credentials(input.value, true);
  }
}

}  // namespace

std::int64_t ApiCall::number(std::string_view name) const {
  const auto& text = http.capture(name);
  const auto number = parse_number(text);
  if (!number || *number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    throw NotFoundError("'" + printable(text) + "' is no number of anything");
  }
  return static_cast<std::int64_t>(*number);
}

const RequestTarget& ApiCall::target_with(std::string_view name) const {
  if (operation != nullptr && !operation->has_parameter(name)) {
    throw std::logic_error("the description of " + operation->pattern() + " has no parameter '" +
                           std::string(name) + "'");
  }
  return http.request.target;
}

std::optional<std::string> ApiCall::parameter(std::string_view name) const {
  return text_parameter(target_with(name), name);
}

std::optional<std::int64_t> ApiCall::integer_parameter(std::string_view name) const {
  return grange::integer_parameter(target_with(name), name);
}

std::optional<bool> ApiCall::flag_parameter(std::string_view name) const {
  return grange::flag_parameter(target_with(name), name);
}

std::optional<TimePoint> ApiCall::time_parameter(std::string_view name) const {
  return grange::time_parameter(target_with(name), name);
}

std::size_t ApiCall::limit(std::size_t otherwise, std::size_t most) const {
  return page_limit(target_with("limit"), otherwise, most);
}

nlohmann::ordered_json ApiCall::next(std::string_view parameter, bool has_more,
                                     const std::function<std::string()>& last) const {
  if (!has_more) return nullptr;
  return next_link(target_with(parameter), parameter, last());
}

void add_api_route(Router& router, const ApiContext& context, RequestMethod method,
                   std::string_view pattern, ApiHandler handler, ErrorForm form) {
  Handling handling;
  handling.body = method == RequestMethod::get ? BodyMode::none : BodyMode::text;
  handling.body_limit = kApiBody;
  const auto* operation = operation_of(context, method, pattern);
  handling.run = [&context, handler = std::move(handler), method, operation](HandlerCall& http) {
    ApiCall call{http, context, context.accounts.authorise(http.request), operation};
    if (operation != nullptr) refuse_unknown_parameters(http.request.target, *operation);
    auto response = handler(call);
    if (method != RequestMethod::get) return response;
    return with_etag(http.request, std::move(response));
  };
  router.add(method, pattern, answering(form, context.accounts.report(), std::move(handling)));
}

ServerResponse api_answer(const nlohmann::ordered_json& value, int status) {
  return json_response(
      status, value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

SeenProject seen_project(const ApiCall& call, Database& database, std::string_view name) {
  auto project = Projects(database).find(name);
  if (!project) throw no_such("project", name);
  auto facts = facts_of(database, project->id, project->settings.owner, project->settings.hidden);
  require(call.identity, Permission::read, &facts, "project '" + project->settings.name + "'");
  return {*std::move(project), std::move(facts)};
}

SeenJobset seen_jobset(const ApiCall& call, Database& database, std::string_view project,
                       std::string_view name) {
  const auto parent = seen_project(call, database, project);
  const auto jobset = Jobsets(database).find(parent.project.id, name);
  if (!jobset) throw no_such("jobset", std::string(project) + ":" + std::string(name));
  return seen_jobset(call, database, jobset->id);
}

SeenJobset seen_jobset(const ApiCall& call, Database& database, std::int64_t id) {
  auto jobset = Jobsets(database).find(id);
  if (!jobset) throw NotFoundError("there is no jobset with the number " + std::to_string(id));
  const auto project = Projects(database).find(jobset->project);
  auto facts =
      facts_of(database, jobset->project, project ? project->settings.owner : "", jobset->hidden());
  require(call.identity, Permission::read, &facts, "jobset '" + jobset->full_name() + "'");
  if (!may(call.identity, Permission::edit_jobset, &facts)) hide_credentials(*jobset);
  return {*std::move(jobset), std::move(facts)};
}

std::optional<std::string> seen_new_name(const ApiCall& call, Database& database,
                                         std::string_view project) {
  auto renamed = Projects(database).renamed(project);
  if (!renamed) return std::nullopt;
  try {
    seen_project(call, database, *renamed);
    return renamed;
  } catch (const NotFoundError&) {
    return std::nullopt;
  }
}

std::optional<std::string> seen_new_name(const ApiCall& call, Database& database,
                                         std::int64_t project, std::string_view jobset) {
  Jobsets jobsets(database);
  auto renamed = jobsets.renamed(project, jobset);
  const auto present = renamed ? jobsets.find(project, *renamed) : std::nullopt;
  if (!present) return std::nullopt;
  try {
    seen_jobset(call, database, present->id);
    return renamed;
  } catch (const NotFoundError&) {
    return std::nullopt;
  }
}

SeenBuild seen_build(const ApiCall& call, Database& database, std::int64_t id) {
  auto build = Builds(database).find(id);
  if (!build) throw NotFoundError("there is no build " + std::to_string(id));
  SeenBuild seen{*std::move(build), std::nullopt};
  if (seen.build.jobset != 0 && Jobsets(database).find(seen.build.jobset)) {
    try {
      seen.of = seen_jobset(call, database, seen.build.jobset);
    } catch (const NotFoundError&) {
      throw NotFoundError("there is no build " + std::to_string(id));
    }
  }
  if (!seen.of && seen.build.jobset != 0 && Jobsets(database).is_hidden(seen.build.jobset) &&
      !sees_all(call)) {
    throw NotFoundError("there is no build " + std::to_string(id));
  }
  return seen;
}

bool sees_build(const ApiCall& call, Database& database, std::int64_t id) {
  try {
    seen_build(call, database, id);
    return true;
  } catch (const NotFoundError&) {
    return false;
  }
}

SeenEvaluation seen_evaluation(const ApiCall& call, Database& database, std::int64_t id) {
  auto evaluation = EvaluationHistory(database).find(id);
  if (evaluation) {
    try {
      auto of = seen_jobset(call, database, evaluation->jobset);
      return {*std::move(evaluation), std::move(of)};
    } catch (const NotFoundError&) {
      // as if it were not there
    }
  }
  throw NotFoundError("there is no evaluation " + std::to_string(id));
}

bool sees_step(const ApiCall& call, Database& database, std::int64_t build) {
  return build == 0 ? sees_all(call) : sees_build(call, database, build);
}

bool sees_all(const ApiCall& call) {
  const ProjectFacts hidden{true, "", {}};
  return may(call.identity, Permission::read, &hidden);
}

bool sees_all_of(const ApiCall& call, const SeenProject& project) {
  auto facts = project.facts;
  facts.hidden = true;
  return may(call.identity, Permission::read, &facts);
}

bool is_new_project(const ApiCall& call, Database& database, std::string_view name) {
  if (Projects(database).find(name)) {
    try {
      seen_project(call, database, name);
      return false;
    } catch (const NotFoundError&) {
      require(call.identity, Permission::create_project);
      throw ConflictError("the name '" + printable(name) + "' is taken");
    }
  }
  require(call.identity, Permission::create_project);
  return true;
}

std::vector<Jobset> seen_jobsets(const ApiCall& call, Database& database,
                                 std::vector<Jobset> jobsets) {
  for (auto& jobset : jobsets) hide_credentials(jobset);
  if (sees_all(call)) return jobsets;
  std::erase_if(jobsets, [&](const Jobset& jobset) {
    if (!jobset.hidden()) return false;
    const auto project = Projects(database).find(jobset.project);
    const auto facts =
        facts_of(database, jobset.project, project ? project->settings.owner : "", true);
    return !may(call.identity, Permission::read, &facts);
  });
  return jobsets;
}

}  // namespace grange
