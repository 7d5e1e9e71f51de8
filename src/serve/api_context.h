#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "farm/farm.h"
#include "farm/farm_actions.h"
#include "http/http_route.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "serve/account_service.h"
#include "serve/follower_seats.h"
#include "serve/identity.h"
#include "serve/page_request.h"

namespace grange {

class ApiDescription;
class ApiOperation;
class FarmDaemon;
struct ServerFacts;

/// What the API answers from. All outlive the server.
struct ApiContext {
  Farm& farm;
  FarmActions& actions;
  AccountService& accounts;
  FollowerSeats& followers;
  const ApiDescription& description;   ///< of its routes
  const FarmDaemon* daemon = nullptr;  ///< nothing: there is none
  const ServerFacts* server = nullptr;
};

/// One request of the API, with who asks.
struct ApiCall {
  HandlerCall& http;
  const ApiContext& context;
  Identity identity;
  /// As it is described; null: a route of Hydra's.
  const ApiOperation* operation = nullptr;

  Farm& farm() const { return context.farm; }
  FarmActions& actions() const { return context.actions; }
  /// A number in the path. Throws NotFoundError for what is none.
  std::int64_t number(std::string_view name) const;
  const std::string& text(std::string_view name) const { return http.capture(name); }
  /// Query parameters. Throw InvalidFieldsError, naming them. Of a route that is described, only
  /// those that its description has may be asked for.
  std::optional<std::string> parameter(std::string_view name) const;
  std::optional<std::int64_t> integer_parameter(std::string_view name) const;
  std::optional<bool> flag_parameter(std::string_view name) const;
  std::optional<TimePoint> time_parameter(std::string_view name) const;
  /// `limit`: 1 to `most`, `otherwise` where it is missing.
  std::size_t limit(std::size_t otherwise = 100, std::size_t most = 1000) const;
  /// Of a page whose last item is `last`: its "next".
  nlohmann::ordered_json next(std::string_view parameter, bool has_more,
                              const std::function<std::string()>& last) const;

 private:
  const RequestTarget& target_with(std::string_view name) const;
};

using ApiHandler = std::function<ServerResponse(ApiCall&)>;

/// Adds a route whose handler is called on the blocking pool once it is known who asks, and that
/// nobody else made their browser send it. Errors are told in `form`; answers to GET have an ETag.
/// One that is the document's to describe (ApiDescription::describes) must have a description with
/// this very pattern, or std::logic_error is thrown; parameters that it does not have are refused.
void add_api_route(Router& router, const ApiContext& context, RequestMethod method,
                   std::string_view pattern, ApiHandler handler,
                   ErrorForm form = ErrorForm::problem);

/// A JSON value as a response.
ServerResponse api_answer(const nlohmann::ordered_json& value, int status = 200);

// What is there and seen by who asks; throw NotFoundError, for hidden things too. Of jobsets the
// credentials in inputs' URLs are seen by who may change them, and never in lists.

struct SeenProject {
  Project project;
  ProjectFacts facts;
};
SeenProject seen_project(const ApiCall& call, Database& database, std::string_view name);
struct SeenJobset {
  Jobset jobset;
  ProjectFacts facts;
};
SeenJobset seen_jobset(const ApiCall& call, Database& database, std::string_view project,
                       std::string_view name);
SeenJobset seen_jobset(const ApiCall& call, Database& database, std::int64_t id);
/// What is called so by now; nothing where nothing had the name, or who asks does not see it.
std::optional<std::string> seen_new_name(const ApiCall& call, Database& database,
                                         std::string_view project);
std::optional<std::string> seen_new_name(const ApiCall& call, Database& database,
                                         std::int64_t project, std::string_view jobset);
struct SeenBuild {
  BuildRow build;
  std::optional<SeenJobset> of;
};
SeenBuild seen_build(const ApiCall& call, Database& database, std::int64_t id);
/// The same as a question.
bool sees_build(const ApiCall& call, Database& database, std::int64_t id);
struct SeenEvaluation {
  EvaluationRow evaluation;
  SeenJobset of;
};
SeenEvaluation seen_evaluation(const ApiCall& call, Database& database, std::int64_t id);

/// And of a step, which is as hidden as the build that it is first made for. One without a build is
/// seen by who sees everything: somebody asked for it through the daemon socket.
bool sees_step(const ApiCall& call, Database& database, std::int64_t build);

/// May who asks see everything that is hidden?
bool sees_all(const ApiCall& call);
/// The same within one project, which they see.
bool sees_all_of(const ApiCall& call, const SeenProject& project);
/// For what makes a new project of this name: may who asks do that, and does nothing that they do
/// not see have the name? Throws RefusedError, SignInError, ConflictError. False: it is there, and
/// seen.
bool is_new_project(const ApiCall& call, Database& database, std::string_view name);
/// Those of the list that who asks sees.
std::vector<Jobset> seen_jobsets(const ApiCall& call, Database& database,
                                 std::vector<Jobset> jobsets);

}  // namespace grange
