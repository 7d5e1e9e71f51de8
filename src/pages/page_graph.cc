#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "pages/farm_pages.h"
#include "pages/graph_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

constexpr std::size_t kMostNodes = 500;
constexpr std::uint64_t kFirstDepth = 4;
constexpr std::uint64_t kAllDepth = 1000;

ApiJson choices(const std::string& url, const std::string& direction, std::uint64_t depth) {
  ApiJson directions = ApiJson::array();
  for (const auto& [key, text] : {std::pair{"inputs", "What it uses"}, {"users", "What uses it"}}) {
    directions.push_back({{"text", text},
                          {"current", direction == key},
                          {"url", fmt::format("{}?direction={}&depth={}", url, key, depth)}});
  }
  ApiJson depths = ApiJson::array();
  for (const auto one :
       {std::uint64_t{1}, std::uint64_t{2}, kFirstDepth, std::uint64_t{8}, kAllDepth}) {
    depths.push_back({{"text", one == kAllDepth ? "all" : std::to_string(one)},
                      {"current", depth == one},
                      {"url", fmt::format("{}?direction={}&depth={}", url, direction, one)}});
  }
  return {{"directions", directions}, {"depths", depths}};
}

ApiJson graph_page(PageCall& call, const std::string& derivation, const std::string& url) {
  auto direction = call.parameter("direction");
  if (direction == "dependents") direction = "users";
  if (direction != "users") direction = "inputs";
  const auto depth = std::clamp(parse_number(call.parameter("depth")).value_or(kFirstDepth),
                                std::uint64_t{1}, kAllDepth);
  const auto graph =
      call.get("/api/v1/derivations/" + url_part(derivation) + "/graph?direction=" + direction +
               "&depth=" + std::to_string(depth) + "&limit=" + std::to_string(kMostNodes));
  auto model = choices(url, direction, depth);
  make_room(model, 16);
  model["title"] =
      "Graph of " + shown_derivation(graph["nodes"].front()["derivation"].get<std::string>());
  model["url"] = url;
  model["graph"] = graph_drawing(graph);
  model["ofUsers"] = direction == "users";
  model["cut"] = graph["cut"];
  model["full"] = graph["nodes"].size() >= kMostNodes;
  model["unread"] = graph["unread"];
  model["limit"] = kMostNodes;
  model["depth"] = depth == kAllDepth ? ApiJson() : ApiJson(depth);
  return model;
}

ApiJson build_graph_page(PageCall& call) {
  const auto build = call.get("/api/v1/builds/" + url_part(call.text("id")));
  const auto url = "/build/" + build["id"].dump();
  auto model = graph_page(call, build["derivation"].get<std::string>(), url + "/graph");
  auto way = crumbs(build["project"], build["jobset"]);
  way.push_back({{"text", build["label"]}, {"url", url}});
  model["crumbs"] = std::move(way);
  return model;
}

ApiJson derivation_graph_page(PageCall& call) {
  const auto name = call.text("derivation");
  const auto url = derivation_url(name);
  auto model = graph_page(call, name, url + "/graph");
  model["crumbs"] = ApiJson::array({{{"text", shown_derivation(name)}, {"url", url}}});
  return model;
}

}  // namespace

void add_build_graph_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/build/{id}/graph", "graph", build_graph_page);
  add_page(router, site, "/derivation/{derivation}/graph", "graph", derivation_graph_page);
}

}  // namespace grange
