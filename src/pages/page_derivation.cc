#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/derivation_view.h"
#include "pages/equivalents_view.h"
#include "pages/farm_pages.h"
#include "pages/graph_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/path_links.h"

namespace grange {
namespace {

constexpr std::string_view kShownBuildsOfIt = "20";

/// What it uses, with the outputs that are used.
ApiJson inputs_with_outputs(const PageCall& call, const ShownDerivation& shown) {
  auto view = neighbour_rows(call, shown.base_name, "inputs");
  for (auto& row : view["rows"]) {
    const auto path = StorePath::try_parse(row["derivation"].get<std::string>());
    const auto used = path ? shown.derivation.inputs.find(*path) : shown.derivation.inputs.end();
    std::string outputs;
    if (used != shown.derivation.inputs.end()) {
      for (const auto& output : used->second.outputs) {
        outputs += (outputs.empty() ? "" : ", ") + output;
      }
    }
    row["outputs"] = outputs;
    // Here they are derivations, and their builds are a step further.
    row["url"] = row["derivationUrl"];
  }
  return view;
}

ApiJson derivation_page(PageCall& call) {
  const auto shown = read_derivation(call, call.text("derivation"));
  const auto url = derivation_url(shown.base_name);
  const auto builds = call.get("/api/v1/builds?match=exact&outputSet=" + url_part(shown.base_name) +
                               "&limit=" + std::string(kShownBuildsOfIt))["builds"];
  auto model = recipe_view(shown);
  model["title"] = shown.json["name"];
  model["crumbs"] = ApiJson::array();
  model["url"] = url;
  model["path"] = shown.json["path"];
  model["system"] = shown.json["system"];
  model["kind"] = to_string(shown.derivation.kind());
  model["recipeUrl"] = shown.json["recipe"];
  model["apiUrl"] = "/api/v1/derivations/" + url_part(shown.base_name);
  model["inputs"] = inputs_with_outputs(call, shown);
  model["users"] = neighbour_rows(call, shown.base_name, "users");
  model["equivalents"] = equivalents_view(call, shown.json["outputSet"], shown.base_name);
  model["builds"] =
      rows_of(builds, [&](const ApiJson& build) { return build_row(build, call.now); });
  return model;
}

ApiJson difference_page(PageCall& call) {
  auto with = call.text("with");
  if (with.empty()) with = call.parameter("with");
  // What people paste may be a whole path.
  with = with.substr(with.rfind('/') == with.npos ? 0 : with.rfind('/') + 1);
  const auto base = read_derivation(call, call.text("derivation"));
  const auto side = [](const ShownDerivation& shown) -> ApiJson {
    return {{"name", shown.json["name"]},
            {"path", shown.json["path"]},
            {"url", derivation_url(shown.base_name)}};
  };
  const auto url = derivation_url(base.base_name);
  ApiJson model{{"title", "Difference"},
                {"crumbs", ApiJson::array({{{"text", base.json["name"]}, {"url", url}}})},
                {"url", url + "/diff"},
                {"base", side(base)},
                {"with", with},
                {"after", nullptr},
                {"problem", nullptr},
                {"difference", nullptr}};
  if (with.empty()) return model;
  std::optional<ShownDerivation> head;
  try {
    head = read_derivation(call, with);
  } catch (const NotFoundError& error) {
    model["problem"] = error.what();
    return model;
  }
  model["after"] = side(*head);
  model["swapUrl"] = derivation_url(head->base_name) + "/diff/" + url_part(base.base_name);
  const auto same_set =
      base.json["outputSet"].is_string() && base.json["outputSet"] == head->json["outputSet"];
  model["equivalent"] = same_set;
  model["difference"] = recipe_difference_view(call, base, *head);
  return model;
}

}  // namespace

void add_derivation_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/derivation/{derivation}", "derivation", derivation_page);
}

void add_derivation_difference_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/derivation/{derivation}/diff", "difference", difference_page);
  add_page(router, site, "/derivation/{derivation}/diff/{with}", "difference", difference_page);
}

}  // namespace grange
