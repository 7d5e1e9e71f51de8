#include <nlohmann/json.hpp>

#include "base/error.h"
#include "serve/hydra_json.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"

namespace grange {
namespace {

using OutcomeChoice = std::function<bool(const std::optional<Outcome>&)>;

constexpr std::size_t kAllTargets = 1'000'000;

bool has_not_ended(const std::optional<Outcome>& outcome) {
  return !outcome;
}
bool has_failed(const std::optional<Outcome>& outcome) {
  return outcome && outcome != Outcome::good;
}
bool was_aborted(const std::optional<Outcome>& outcome) {
  return outcome == Outcome::aborted || outcome == Outcome::cancelled ||
         outcome == Outcome::unsupported;
}

/// Who asks by GET, as Hydra's pages do, is sent back to what it is about.
ServerResponse hydra_done(const ApiCall& call, const std::string& path, HydraJson answer) {
  if (call.http.request.method != RequestMethod::get) return api_answer(answer);
  ServerResponse response;
  response.status = 302;
  response.headers.set("Location", path);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

/// The build in the path, if who asks may do that with it.
std::int64_t allowed_build(const ApiCall& call, Permission permission) {
  return call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    require(call.identity, permission, seen.of ? &seen.of->facts : nullptr);
    return seen.build.id;
  });
}

ServerResponse hydra_restart_build(ApiCall& call) {
  const auto id = allowed_build(call, Permission::restart_builds);
  return hydra_done(call, hydra_path("/build/", id), {{"restarted", call.actions().restart({id})}});
}

ServerResponse hydra_cancel_build(ApiCall& call) {
  const auto id = allowed_build(call, Permission::cancel_builds);
  return hydra_done(call, hydra_path("/build/", id), {{"cancelled", call.actions().cancel({id})}});
}

ServerResponse hydra_bump_build(ApiCall& call) {
  const auto id = allowed_build(call, Permission::bump_builds);
  call.actions().bump({id});
  return hydra_done(call, hydra_path("/build/", id), {{"bumped", std::vector{id}}});
}

ServerResponse hydra_keep_build(ApiCall& call) {
  const auto& keep = call.text("keep");
  if (keep != "0" && keep != "1") throw NotFoundError("a build is kept, 1, or not, 0");
  const auto id = allowed_build(call, Permission::keep_builds);
  call.actions().keep(id, keep == "1");
  return hydra_done(call, hydra_path("/build/", id), {{"id", id}, {"keep", keep == "1"}});
}

/// The builds of the evaluation in the path that are chosen, if who asks may do that with them.
std::vector<std::int64_t> allowed_builds(const ApiCall& call, Permission permission,
                                         const OutcomeChoice& choice) {
  return call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    require(call.identity, permission, &seen.of.facts);
    TargetQuery query;
    query.limit = kAllTargets;
    std::vector<std::int64_t> builds;
    for (const auto& target : EvaluationHistory(database).targets(seen.evaluation, query)) {
      if (choice(target.outcome)) builds.push_back(target.target.build);
    }
    return builds;
  });
}

ServerResponse hydra_restart_evaluation(ApiCall& call, const OutcomeChoice& choice) {
  const auto builds = allowed_builds(call, Permission::restart_builds, choice);
  return hydra_done(call, hydra_path("/eval/", call.number("id")),
                    {{"restarted", call.actions().restart(builds)}});
}

ServerResponse hydra_cancel_evaluation(ApiCall& call) {
  const auto builds = allowed_builds(call, Permission::cancel_builds, has_not_ended);
  return hydra_done(call, hydra_path("/eval/", call.number("id")),
                    {{"cancelled", call.actions().cancel(builds)}});
}

ServerResponse hydra_bump_evaluation(ApiCall& call) {
  const auto builds = allowed_builds(call, Permission::bump_builds, has_not_ended);
  call.actions().bump(builds);
  return hydra_done(call, hydra_path("/eval/", call.number("id")), {{"bumped", builds}});
}

}  // namespace

void add_hydra_action_routes(Router& router, const ApiContext& context) {
  // All GETs of these are in mutating_gets.h.
  const auto add = [&](std::string_view pattern, const ApiHandler& handler) {
    for (const auto method : {RequestMethod::get, RequestMethod::post}) {
      add_hydra_route(router, context, method, pattern, handler);
    }
  };
  add("/build/{id}/restart", hydra_restart_build);
  add("/build/{id}/cancel", hydra_cancel_build);
  add("/build/{id}/bump", hydra_bump_build);
  add("/build/{id}/keep/{keep}", hydra_keep_build);
  add("/eval/{id}/cancel", hydra_cancel_evaluation);
  add("/eval/{id}/restart-failed",
      [](ApiCall& call) { return hydra_restart_evaluation(call, has_failed); });
  add("/eval/{id}/restart-aborted",
      [](ApiCall& call) { return hydra_restart_evaluation(call, was_aborted); });
  add("/eval/{id}/bump", hydra_bump_evaluation);
}

}  // namespace grange
