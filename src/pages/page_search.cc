#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

std::string string_of(const ApiJson& value) {
  return value.get<std::string>();
}

std::string output_set_url(const std::string& id) {
  return "/output-set/" + url_part(id);
}

/// Of a path in full, or of its base name.
std::string store_path_url(const std::string& path) {
  return "/store-path/" + url_part(path.substr(path.rfind('/') + 1));
}

/// Where somebody who typed a whole digest, path or commit wants to be; empty: he named none.
std::string page_of(const ApiJson& direct) {
  if (!direct.is_object()) return "";
  const auto id = string_of(direct["id"]);
  if (direct["kind"] == "derivation") return derivation_url(id);
  if (direct["kind"] == "outputSet") return output_set_url(id);
  if (direct["kind"] == "path") return store_path_url(id);
  return "/eval/" + id;
}

ApiJson target_found(const ApiJson& target) {
  const auto project = string_of(target["project"]);
  const auto jobset = string_of(target["jobset"]);
  return {{"label", target["label"]},
          {"url", "/job/" + url_part(project) + "/" + url_part(jobset) + "/" +
                      url_part(string_of(target["label"]))},
          {"project", project},
          {"jobset", jobset},
          {"jobsetUrl", jobset_url(target["project"], target["jobset"])},
          {"status", status_view(target["outcome"])},
          {"buildUrl", "/build/" + target["build"].dump()},
          {"build", target["build"]}};
}

ApiJson build_found(const ApiJson& build, TimePoint now) {
  auto row = build_row(build, now);
  row["paths"] = ApiJson::array();
  for (const auto& [name, path] : build["outputs"].items()) {
    row["paths"].push_back({{"path", path}, {"url", store_path_url(string_of(path))}});
  }
  return row;
}

ApiJson commit_found(const ApiJson& commit) {
  const auto revision = string_of(commit["revision"]);
  return {{"revision", revision},
          {"shortRevision", revision.substr(0, 12)},
          {"subject", commit["subject"]},
          {"author", commit["author"]},
          {"input", commit["input"]},
          {"evaluation", commit["evaluation"]},
          {"url", "/eval/" + commit["evaluation"].dump()},
          {"project", commit["project"]},
          {"jobset", commit["jobset"]},
          {"jobsetUrl", jobset_url(commit["project"], commit["jobset"])}};
}

ApiJson search_page(PageCall& call) {
  const auto query = call.parameter("query");
  ApiJson model{{"title", "Search"}, {"query", query}, {"asked", false}};
  if (query.find_first_not_of(" \t\r\n") == std::string::npos) return model;
  const auto found = call.get("/api/v1/search?limit=20&query=" + url_part(query));
  if (const auto page = page_of(found["direct"]); !page.empty()) model["redirect"] = page;
  model["asked"] = true;
  bool nothing = true;
  const auto add = [&](const char* name, ApiJson rows) {
    nothing = nothing && rows.empty();
    model["any_" + std::string(name)] = !rows.empty();
    model[name] = std::move(rows);
  };
  add("projects", rows_of(found["projects"], [](const ApiJson& project) -> ApiJson {
        return {{"name", project["name"]},
                {"displayName", project["displayName"]},
                {"description", project["description"]},
                {"url", project_url(project["name"])}};
      }));
  add("jobsets",
      rows_of(found["jobsets"], [&](const ApiJson& one) { return jobset_row(one, call.now); }));
  add("targets", rows_of(found["targets"], target_found));
  add("derivations", rows_of(found["derivations"], [](const ApiJson& one) -> ApiJson {
        return {{"id", one["derivation"]}, {"url", derivation_url(string_of(one["derivation"]))}};
      }));
  add("builds",
      rows_of(found["builds"], [&](const ApiJson& one) { return build_found(one, call.now); }));
  add("outputSets", rows_of(found["outputSets"], [](const ApiJson& id) -> ApiJson {
        return {{"id", id}, {"url", output_set_url(string_of(id))}};
      }));
  add("commits", rows_of(found["commits"], commit_found));
  model["someTargets"] = !found["allTargets"].get<bool>();
  model["nothing"] = nothing;
  return model;
}

}  // namespace

void add_search_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/search", "search", search_page);
}

}  // namespace grange
