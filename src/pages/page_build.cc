#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/build_actions.h"
#include "pages/build_view.h"
#include "pages/equivalents_view.h"
#include "pages/farm_pages.h"
#include "pages/graph_view.h"
#include "pages/log_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/path_links.h"
#include "serve/step_log.h"

namespace grange {
namespace {

constexpr std::size_t kPartLines = 30;
constexpr std::size_t kPartOfGood = 10;
constexpr std::size_t kShownConstituents = 500;
constexpr std::size_t kShownEvaluations = 10;

bool is_good(const ApiJson& build) {
  return build["finished"].get<bool>() && build["outcome"] == "good";
}

/// A part of the log of a build; null where none was made.
ApiJson log_part_view(const PageCall& call, const ApiJson& build) {
  const auto id = build["id"].get<std::int64_t>();
  const ApiCall api{call.http, call.site.context(), call.identity, nullptr};
  try {
    const bool has_ended = build["finished"].get<bool>();
    LogPart part;
    part.most = is_good(build) ? kPartOfGood : kPartLines;
    part.find_failing = has_ended && build["outcome"] != "good";
    part.whole_lines = !has_ended;
    const auto log = read_step_log(call, step_of_build_log(api, id), part);
    const auto number = std::to_string(id);
    auto view = log_view(log, "/build/" + number + "/log");
    view["nextLine"] = log.count() + 1;
    view["events"] =
        has_ended
            ? ApiJson()
            : ApiJson("/api/v1/builds/" + number + "/log?offset=" + std::to_string(log.size()));
    return view;
  } catch (const NotFoundError&) {
    return nullptr;
  }
}

ApiJson waiting_view(const PageCall& call, const ApiJson& waiting) {
  if (!waiting.is_object()) return nullptr;
  const auto of_step = [&](const ApiJson& step) -> ApiJson {
    const auto path = step["derivation"].get<std::string>();
    const auto name = path.substr(path.rfind('/') + 1);
    return {{"reason", step["reason"]},
            {"words", linked_names(call.store(), step["words"].get_ref<const std::string&>())},
            {"until", time_view(step["until"], call.now)},
            {"name", shown_derivation(name)},
            {"url", derivation_url(name)}};
  };
  auto view = of_step(waiting);
  view["below"] = rows_of(waiting["below"], of_step);
  view["anyBelow"] = !waiting["below"].empty();
  return view;
}

/// What failed so that it could not be made, without itself.
ApiJson failed_inputs_view(const ApiJson& build) {
  ApiJson list = ApiJson::array();
  for (const auto& input : build["failedInputs"]) {
    if (input == build["derivation"]) continue;
    const auto name = input.get<std::string>();
    list.push_back({{"name", shown_derivation(name)}, {"url", derivation_url(name)}});
  }
  return list;
}

/// What it uses directly, what is not good first.
ApiJson inputs_of_build(const PageCall& call, const ApiJson& build) {
  try {
    return neighbour_rows(call, build["derivation"].get<std::string>(), "inputs");
  } catch (const NotFoundError&) {
    return nullptr;  // its derivation is not recorded
  }
}

/// Ways to the parts of the page.
ApiJson parts_of(const ApiJson& model) {
  ApiJson parts = ApiJson::array();
  const auto add = [&](bool is_there, std::string_view text, std::string_view id) {
    if (is_there) parts.push_back({{"text", text}, {"url", "#" + std::string(id)}});
  };
  const bool has_log = model["log"].is_object();
  const bool log_first = model["logFirst"].get<bool>();
  add(has_log && log_first, "Log", "log");
  add(!model["constituents"].empty(), "Constituents", "constituents");
  add(!model["products"].empty(), "Products", "products");
  add(true, "Outputs", "outputs");
  add(has_log && !log_first, "Log", "log");
  add(true, "Steps", "steps");
  add(model["inputs"].is_object(), "Dependencies", "dependencies");
  add(model["reason"].is_object(), "Why", "reason");
  add(model["equivalents"].is_object() && model["equivalents"]["any"].get<bool>(), "Equivalents",
      "equivalents");
  add(true, "Reproduce", "reproduce");
  add(true, "About", "about");
  return parts;
}

ApiJson build_page(PageCall& call) {
  const auto build = call.get("/api/v1/builds/" + url_part(call.text("id")));
  const auto id = build["id"].dump();
  ApiJson evaluations = ApiJson::array();
  for (const auto& evaluation : build["evaluations"]) {
    if (evaluations.size() == kShownEvaluations) break;
    evaluations.push_back({{"id", evaluation}, {"url", "/eval/" + evaluation.dump()}});
  }
  const auto constituents = builds_by_number(call, build["constituents"], kShownConstituents);
  const auto log = log_part_view(call, build);
  ApiJson model{
      {"title", build["label"]},
      {"crumbs", crumbs(build["project"], build["jobset"])},
      {"build", build_row(build, call.now)},
      {"url", "/build/" + id},
      {"apiUrl", "/api/v1/builds/" + id},
      {"actions", build_actions(call, build)},
      {"live", !build["finished"].get<bool>()},
      {"anyMessage", says_something(build["message"])},
      {"message", linked_names(call.store(), build["message"].get_ref<const std::string&>())},
      {"waiting", waiting_view(call, build["waiting"])},
      {"facts", build_facts(build)},
      {"outputs", outputs_view(build["outputs"])},
      {"anyRealisations", !build["realisations"].empty()},
      {"realisations", realisations_view(build["realisations"])},
      {"equivalents",
       equivalents_view(call, build.value("outputSet", ApiJson()), build["derivation"])},
      {"products", products_view(build)},
      {"failedInputs", failed_inputs_view(build)},
      {"constituents", constituents},
      {"isAggregate", !constituents.empty()},
      {"constituentBuilds", {{"builds", constituents}}},
      {"evaluations", evaluations},
      {"moreEvaluations", build["evaluations"].size() > evaluations.size()},
      {"steps", steps_view(call, build)},
      {"inputs", inputs_of_build(call, build)},
      {"reason", reason_view(call, build)},
      {"reproduce", reproduce_view(call, id)},
      {"log", log},
      {"logFirst", !is_good(build)},
      {"events", log.is_object() ? log["events"] : ApiJson()},
      {"nextLine", log.is_object() ? log["nextLine"] : ApiJson()}};
  model["anyFailedInputs"] = !model["failedInputs"].empty();
  model["anyProducts"] = !model["products"].empty();
  model["parts"] = parts_of(model);
  return model;
}

}  // namespace

void add_build_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/build/{id}", "build", build_page);
}

}  // namespace grange
