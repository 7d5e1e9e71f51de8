#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/public_export.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"
#include "serve/reproduce.h"

namespace grange {
namespace {

/// The attribute path that an evaluation recorded of the build's target; else its label.
std::vector<std::string> attribute_path_of(Database& database, const BuildRow& build) {
  const auto facts =
      nlohmann::json::parse(EvaluationHistory(database).facts(build.facts), nullptr, false);
  std::vector<std::string> path;
  if (facts.is_object() && facts.contains("attrPath") && facts["attrPath"].is_array()) {
    for (const auto& part : facts["attrPath"]) {
      if (part.is_string()) path.push_back(part.get<std::string>());
    }
  }
  if (path.empty()) {
    for (const auto part : split(build.label, '.')) path.emplace_back(part);
  }
  return path;
}

ServerResponse get_reproduce(ApiCall& call) {
  const auto& store_dir = call.farm().workshop().config().store_dir;
  ReproducedBuild reproduced;
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    const auto& build = seen.build;
    EvaluationHistory history(database);
    auto evaluation = build.evaluation;
    if (evaluation == 0) {
      const auto others = history.of_build(build.id, 1);
      if (!others.empty()) evaluation = others.front();
    }
    if (evaluation == 0 || !seen.of) {
      throw ConflictError("no evaluation is known that build " + std::to_string(build.id) +
                          " comes from");
    }
    const auto& settings = seen.of->jobset.settings;
    if (!settings.flake.empty()) {
      const auto inputs = history.inputs(evaluation);
      const auto top = std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) {
        return input.name == "root" && !input.revision.empty();
      });
      throw ConflictError("build " + std::to_string(build.id) + " comes from flake '" +
                          without_credentials(settings.flake, true) + "'" +
                          (top == inputs.end() ? "" : ", revision " + top->revision) +
                          ": `nix build` makes it again");
    }
    reproduced.build = build.id;
    reproduced.job = seen.of->jobset.full_name() + ":" + build.label;
    reproduced.system = build.system;
    reproduced.derivation = store_dir.str() + "/" + build.derivation_name;
    reproduced.store_dir = store_dir.str();
    reproduced.expression_input = settings.expression_input;
    reproduced.expression_path = settings.expression_path;
    reproduced.attribute_path = attribute_path_of(database, build);
    reproduced.inputs = history.inputs(evaluation);
    return 0;
  });
  const auto& base = call.context.accounts.options().site.base_url;
  const auto path = hydra_path("build/", reproduced.build, "reproduce");
  reproduced.source = base ? base->append_path(path).to_string() : "/" + path;
  ServerResponse response;
  response.headers.set("Content-Type", "text/x-shellscript; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Disposition", "inline; filename=\"reproduce-" +
                                                  std::to_string(reproduced.build) + ".sh\"");
  response.body = reproduce_script(reproduced);
  return response;
}

}  // namespace

void add_reproduce_routes(Router& router, const ApiContext& context) {
  add_hydra_route(router, context, RequestMethod::get, "/build/{id}/reproduce", get_reproduce);
  add_api_route(router, context, RequestMethod::get, "/api/v1/builds/{id}/reproduce",
                get_reproduce);
}

}  // namespace grange
