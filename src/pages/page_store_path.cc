#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/equivalents_view.h"
#include "pages/farm_pages.h"
#include "pages/graph_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/path_links.h"

namespace grange {
namespace {

constexpr std::string_view kShownEntries = "1000";
constexpr std::size_t kDeepestIndent = 12;

ApiJson names_view(const ApiJson& names, const std::string& self) {
  ApiJson list = ApiJson::array();
  for (const auto& name : names) {
    const auto text = name.get<std::string>();
    list.push_back({{"name", text}, {"self", text == self}, {"url", store_path_url(text)}});
  }
  return list;
}

std::string file_url(const std::string& url, const std::string& file) {
  return file.empty() ? url + "#files" : url + "?file=" + url_part(file) + "#files";
}

/// The way to a file: each directory's name and url, the last without.
ApiJson way_to(const std::string& url, const std::string& top, const std::string& file) {
  ApiJson way = ApiJson::array();
  way.push_back({{"text", top}, {"url", file.empty() ? ApiJson() : ApiJson(file_url(url, ""))}});
  for (std::size_t from = 0; from < file.size();) {
    const auto end = std::min(file.find('/', from), file.size());
    way.push_back(
        {{"text", file.substr(from, end - from)},
         {"url", end == file.size() ? ApiJson() : ApiJson(file_url(url, file.substr(0, end)))}});
    from = end + 1;
  }
  return way;
}

ApiJson entry_view(const ApiJson& entry, const std::string& url, const std::string& file) {
  const auto path = entry["path"].get<std::string>();
  const auto whole = file.empty() ? path : file + "/" + path;
  const bool is_directory = entry["type"] == "directory";
  const bool can_be_opened = is_directory || entry["type"] == "regular";
  return {{"name", path.substr(path.rfind('/') + 1) + (is_directory ? "/" : "")},
          {"indent", std::min(entry["depth"].get<std::size_t>(), kDeepestIndent)},
          {"url", can_be_opened ? ApiJson(file_url(url, whole)) : ApiJson()},
          {"size", entry["size"].is_number() ? ApiJson(size_text(entry["size"].get<std::int64_t>()))
                                             : ApiJson()},
          {"executable", entry["executable"]},
          {"target", entry["target"]},
          {"closed", is_directory && !entry["listed"].get<bool>()}};
}

/// What it holds at `file`; null where there is no such thing.
ApiJson files_view(const PageCall& call, const std::string& name, const std::string& url,
                   const std::string& file) {
  const auto found =
      call.get("/api/v1/store-paths/" + url_part(name) + "/files?file=" + url_part(file) +
               "&limit=" + std::string(kShownEntries));
  const bool is_file = found["type"] == "regular";
  ApiJson entries =
      rows_of(found["entries"], [&](const ApiJson& entry) { return entry_view(entry, url, file); });
  return {{"way", way_to(url, shown_derivation(name), file)},
          {"isFile", is_file},
          {"size", is_file ? ApiJson(size_text(found["size"].get<std::int64_t>())) : ApiJson()},
          {"text", found["text"]},
          {"isText", found["text"].is_string()},
          {"entries", std::move(entries)},
          {"cut", found["cut"]}};
}

ApiJson store_path_page(PageCall& call) {
  const auto path = call.get("/api/v1/store-paths/" + url_part(call.text("path")));
  const auto name = path["name"].get<std::string>();
  const auto url = "/store-path/" + url_part(name);
  const auto& info = path["info"];
  constexpr std::size_t kDigest = 33;
  ApiJson model{
      {"title", name.substr(kDigest)},
      {"crumbs", ApiJson::array()},
      {"url", url},
      {"apiUrl", "/api/v1/store-paths/" + url_part(name)},
      {"path", path["path"]},
      {"builds",
       rows_of(path["builds"], [&](const ApiJson& build) { return build_row(build, call.now); })},
      {"referrers", names_view(path["referrers"], name)},
      {"anyReferrers", !path["referrers"].empty()},
      {"moreReferrers", path["moreReferrers"]},
      {"anyRealisations", !path["realisations"].empty()},
      {"realisations", realisations_view(path["realisations"])},
      {"info", nullptr},
      {"references", ApiJson::array()},
      {"files", nullptr},
      {"noFile", nullptr}};
  if (!info.is_object()) return model;
  model["info"] = {{"narHash", info["narHash"]},
                   {"narSize", size_text(info["narSize"].get<std::int64_t>())},
                   {"closureSize", info["closureSize"].is_number()
                                       ? ApiJson(size_text(info["closureSize"].get<std::int64_t>()))
                                       : ApiJson()},
                   {"registered", time_view(info["registered"], call.now)},
                   {"contentAddress", info["contentAddress"]},
                   {"deriver", info["deriver"]},
                   {"deriverUrl", info["deriver"].is_string()
                                      ? ApiJson(store_path_url(info["deriver"].get<std::string>()))
                                      : ApiJson()},
                   {"signatures", info["signatures"]}};
  model["references"] = names_view(info["references"], name);
  model["anyReferences"] = !info["references"].empty();
  try {
    model["files"] = files_view(call, name, url, call.parameter("file"));
  } catch (const NotFoundError& problem) {
    model["noFile"] = problem.what();
  }
  return model;
}

ApiJson output_set_page(PageCall& call) {
  const auto set = call.get("/api/v1/output-sets/" + url_part(call.text("set")));
  const auto id = set["id"].get<std::string>();
  const auto builds = call.get("/api/v1/builds?limit=20&outputSet=" + url_part(id))["builds"];
  const auto attempts = call.get("/api/v1/attempts?limit=20&outputSet=" + url_part(id))["attempts"];
  ApiJson outputs = ApiJson::array();
  for (const auto& [name, path] : set["outputs"].items()) {
    const auto text = path.get<std::string>();
    outputs.push_back({{"name", name},
                       {"path", path},
                       {"url", store_path_url(text.substr(text.rfind('/') + 1))}});
  }
  ApiJson recipes = ApiJson::array();
  std::string before;  // the one that was there before it: the newest come first
  for (const auto& recipe : set["recipes"]) {
    const auto name = recipe["derivation"].get<std::string>();
    if (!recipes.empty()) {
      recipes.back()["differenceUrl"] = derivation_url(name) + "/diff/" + url_part(before);
    }
    recipes.push_back({{"name", name},
                       {"url", store_path_url(name)},
                       {"system", recipe["system"]},
                       {"differenceUrl", nullptr}});
    before = name;
  }
  const auto attempt_row = [&](const ApiJson& attempt) -> ApiJson {
    const auto recipe = attempt["recipe"].get<std::string>();
    return {{"name", shown_derivation(recipe)},
            {"url", store_path_url(recipe)},
            {"status", status_view(attempt["outcome"])},
            {"started", time_view(attempt["started"], call.now)},
            {"duration", span_view(attempt["started"], attempt["stopped"], call.now)},
            {"message", attempt["message"]}};
  };
  return {{"title", "Output set " + id.substr(0, 12)},
          {"crumbs", ApiJson::array()},
          {"id", id},
          {"apiUrl", "/api/v1/output-sets/" + id},
          {"status", set["outcome"].is_string() ? status_view(set["outcome"]) : ApiJson()},
          {"known", set["outcome"].is_string()},
          {"outputs", std::move(outputs)},
          {"recipes", std::move(recipes)},
          {"attempts", rows_of(attempts, attempt_row)},
          {"builds",
           rows_of(builds, [&](const ApiJson& build) { return build_row(build, call.now); })}};
}

}  // namespace

void add_store_path_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/store-path/{path}", "store_path", store_path_page);
  add_page(router, site, "/output-set/{set}", "output_set", output_set_page);
}

}  // namespace grange
