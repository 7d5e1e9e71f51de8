#include <nlohmann/json.hpp>

#include "base/text.h"
#include "pages/farm_pages.h"
#include "pages/log_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "serve/step_log.h"

namespace grange {
namespace {

constexpr std::size_t kLogLines = 2000;
constexpr std::size_t kLongestSearch = 200;

/// Whose log it is.
struct LogOf {
  std::int64_t step = 0;
  std::string url;     ///< of the page
  std::string events;  ///< of the API, which tells what is new
  bool is_live = false;
  bool has_failed = false;
};

/// Links to other parts of a log that is too long for one page.
ApiJson paging_of(const LogReader& log, const std::string& url) {
  ApiJson links = ApiJson::array();
  const auto& lines = log.lines();
  const auto add = [&](std::string_view text, std::size_t from) {
    links.push_back({{"text", text}, {"url", url + "?from=" + std::to_string(from)}});
  };
  if (log.count() <= kLogLines && !lines.empty() && lines.front().number == 1) return links;
  const auto first = lines.empty() ? log.count() + 1 : lines.front().number;
  const auto last = lines.empty() ? log.count() : lines.back().number;
  if (first > 1) {
    add("Beginning", 1);
    add("Earlier", first > kLogLines ? first - kLogLines : 1);
  }
  if (last < log.count()) {
    add("Later", last + 1);
    add("End", log.count() > kLogLines ? log.count() - kLogLines + 1 : 1);
  }
  return links;
}

ApiJson log_page(PageCall& call, const LogOf& of) {
  LogPart part;
  part.most = kLogLines;
  part.from = parse_number(call.parameter("from")).value_or(0);
  part.find_failing = of.has_failed;
  part.whole_lines = of.is_live;
  part.search = call.parameter("search").substr(0, kLongestSearch);
  const auto log = read_step_log(call, of.step, part);
  const bool of_hits = !part.search.empty() && part.from == 0;
  auto view = of_hits ? log_hits_view(log, of.url, part.search) : log_view(log, "", part.search);
  const bool at_end = !of_hits && (log.lines().empty() ? log.count() == 0
                                                       : log.lines().back().number == log.count());
  ApiJson failing;
  if (log.failing()) {
    failing = {{"number", *log.failing()}, {"url", of.url + "#L" + std::to_string(*log.failing())}};
  }
  return {
      {"log", std::move(view)},
      {"url", of.url},
      {"live", of.is_live},
      {"events", of.is_live && at_end ? ApiJson(of.events + "?offset=" + std::to_string(log.size()))
                                      : ApiJson()},
      {"nextLine", log.count() + 1},
      {"search", part.search},
      {"ofHits", of_hits},
      {"hits", count_text(static_cast<std::int64_t>(log.hit_count()))},
      {"hitsUrl", of.url + "?search=" + url_part(part.search)},
      {"failing", failing},
      {"paging", of_hits ? ApiJson::array() : paging_of(log, of.url)}};
}

ApiJson build_log_page(PageCall& call) {
  const auto build = call.get("/api/v1/builds/" + url_part(call.text("id")));
  const auto id = build["id"].get<std::int64_t>();
  const auto number = std::to_string(id);
  const ApiCall api{call.http, call.site.context(), call.identity, nullptr};
  LogOf of;
  of.step = step_of_build_log(api, id);
  of.url = "/build/" + number + "/log";
  of.events = "/api/v1/builds/" + number + "/log";
  of.is_live = !build["finished"].get<bool>();
  of.has_failed = !of.is_live && build["outcome"] != "good";
  auto model = log_page(call, of);
  auto way = crumbs(build["project"], build["jobset"]);
  way.push_back({{"text", build["label"]}, {"url", "/build/" + number}});
  model["title"] = "Log";
  model["crumbs"] = std::move(way);
  model["build"] = build_row(build, call.now);
  model["rawUrl"] = of.events;
  return model;
}

ApiJson step_log_page(PageCall& call) {
  const auto step = call.get("/api/v1/steps/" + url_part(call.text("id")));
  const auto row = step_row(step, call.now);
  LogOf of;
  of.step = step["id"].get<std::int64_t>();
  of.url = "/step/" + std::to_string(of.step) + "/log";
  of.events = "/api/v1/steps/" + std::to_string(of.step) + "/log";
  of.is_live = step["outcome"].is_null();
  of.has_failed = step["outcome"].is_string() && step["outcome"] != "good";
  auto model = log_page(call, of);
  ApiJson way = ApiJson::array();
  if (step["build"].is_number())
    way.push_back({{"text", "build " + step["build"].dump()}, {"url", row["url"]}});
  model["title"] = "Log of " + row["name"].get<std::string>();
  model["crumbs"] = std::move(way);
  model["build"] = row;
  model["rawUrl"] = of.events;
  return model;
}

}  // namespace

void add_log_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/build/{id}/log", "log", build_log_page);
  add_page(router, site, "/step/{id}/log", "log", step_log_page);
}

}  // namespace grange
