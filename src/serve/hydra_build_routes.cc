#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/hydra_json.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"
#include "serve/step_log.h"

namespace grange {
namespace {

/// What Hydra shows of the end of a log.
constexpr std::int64_t kTailLines = 50;
constexpr std::size_t kMostSteps = 100'000;

ServerResponse hydra_get_build(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    return hydra_full_build(call, database, seen_build(call, database, call.number("id")).build);
  }));
}

ServerResponse hydra_constituents(ApiCall& call) {
  auto builds = call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    return Builds(database).constituents(seen.build.id);
  });
  return hydra_build_stream(call, std::move(builds));
}

/// All of a log, or with `tail` as mode its last lines.
ServerResponse hydra_log(const ApiCall& call, std::int64_t step, std::string_view mode) {
  if (mode != "" && mode != "raw" && mode != "tail") {
    throw NotFoundError("logs are there in full, as raw and as tail");
  }
  std::optional<std::int64_t> tail;
  if (mode == "tail") tail = kTailLines;
  if (const auto lines = call.integer_parameter("tail")) tail = lines;
  return plain_step_log(call, step, tail);
}

ServerResponse hydra_build_log(ApiCall& call) {
  return hydra_log(call, step_of_build_log(call, call.number("id")), call.text("mode"));
}

/// A step of a build by its number there, from 1 on; with the build.
std::pair<StepRow, BuildRow> numbered_step(const ApiCall& call, Database& database) {
  auto seen = seen_build(call, database, call.number("id"));
  StepQuery query;
  query.build = seen.build.id;
  query.limit = kMostSteps;
  auto steps = Steps(database).list(query);  // the newest first
  const auto number = call.number("number");
  if (number < 1 || std::cmp_greater(number, steps.size())) {
    throw NotFoundError("the build has no step " + std::to_string(number));
  }
  return {std::move(steps[steps.size() - static_cast<std::size_t>(number)]), std::move(seen.build)};
}

ServerResponse hydra_get_step(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto [step, build] = numbered_step(call, database);
    return hydra_step(step, call.number("number"), hydra_full_build(call, database, build),
                      call.farm().workshop().config().store_dir);
  }));
}

ServerResponse hydra_step_log(ApiCall& call) {
  const auto step = call.farm().database().read(
      [&](Database& database) { return numbered_step(call, database).first.id; });
  return hydra_log(call, step, call.text("mode"));
}

/// Hydra's older name of a step's log.
ServerResponse hydra_nixlog(ApiCall& call) {
  auto path = hydra_path("/build/", call.number("id"), "step/") + call.text("number") + "/log";
  if (!call.text("mode").empty()) path += "/" + call.text("mode");
  return hydra_redirect(call, path, 301);
}

ServerResponse hydra_evaluation_of_build(ApiCall& call) {
  const auto id = call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    const auto found = EvaluationHistory(database).newest_ended(seen.build.id);
    if (!found) throw NotFoundError("no evaluation that has the build has ended");
    return *found;
  });
  return hydra_redirect(call, hydra_path("/eval/", id, call.text("rest")));
}

ServerResponse hydra_evaluations_of_build(ApiCall& call) {
  auto page = hydra_page_of(call);
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    EvaluationHistory history(database);
    constexpr std::size_t kMost = 100'000;
    const std::int64_t builds[] = {seen.build.id};
    const auto ids = history.of_builds(builds, kMost)[seen.build.id];
    page.total = static_cast<std::int64_t>(ids.size());
    HydraJson list = HydraJson::array();
    for (auto at = page.skipped(); at < std::min(page.total, page.skipped() + HydraPage::kLength);
         ++at) {
      if (const auto row = history.find(ids[static_cast<std::size_t>(at)])) {
        list.push_back(hydra_evaluation(*row, history.inputs(row->id), history.builds(*row)));
      }
    }
    return hydra_evaluation_list(std::move(list), page);
  }));
}

ServerResponse hydra_build_info(ApiCall& call) {
  const auto& store_dir = call.farm().workshop().config().store_dir;
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    const auto outputs = Builds(database).outputs(seen.build.id);
    auto out = outputs.find("out");
    if (out == outputs.end()) out = outputs.begin();
    return HydraJson{
        {"buildId", seen.build.id},
        {"drvPath", store_dir.str() + "/" + seen.build.derivation_name},
        {"outPath", out != outputs.end() ? HydraJson(store_dir.print(out->second)) : HydraJson()}};
  }));
}

}  // namespace

void add_hydra_build_routes(Router& router, const ApiContext& context) {
  const auto get = [&](std::string_view pattern, ApiHandler handler) {
    add_hydra_route(router, context, RequestMethod::get, pattern, std::move(handler));
  };
  get("/build/{id}", hydra_get_build);
  get("/build/{id}/constituents", hydra_constituents);
  get("/build/{id}/log", hydra_build_log);
  get("/build/{id}/log/{mode}", hydra_build_log);
  get("/build/{id}/step/{number}", hydra_get_step);
  get("/build/{id}/step/{number}/log", hydra_step_log);
  get("/build/{id}/step/{number}/log/{mode}", hydra_step_log);
  get("/build/{id}/nixlog/{number}", hydra_nixlog);
  get("/build/{id}/nixlog/{number}/{mode}", hydra_nixlog);
  get("/build/{id}/eval", hydra_evaluation_of_build);
  get("/build/{id}/eval/{rest*}", hydra_evaluation_of_build);
  get("/build/{id}/evals", hydra_evaluations_of_build);
  get("/build/{id}/api/get-info", hydra_build_info);
  get("/api/build/{id}/get-info", hydra_build_info);
}

}  // namespace grange
