#include "pages/build_view.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "serve/api_sight.h"

namespace grange {
namespace {

/// What a license, a list of maintainers is called, however an evaluation gave it.
std::string meta_text(const ApiJson& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) {
    for (const auto* key : {"fullName", "spdxId", "shortName", "name", "github", "email"}) {
      if (value.contains(key) && value[key].is_string()) return value[key].get<std::string>();
    }
  }
  std::string text;
  if (value.is_array()) {
    for (const auto& one : value) {
      const auto part = meta_text(one);
      if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    }
  }
  return text;
}

/// The server as whoever asks names it; empty where that cannot be put into a command.
std::string own_address(const PageCall& call) {
  const auto& base = call.site.context().accounts.options().site.base_url;
  if (base) {
    auto text = base->to_string();
    while (text.ends_with('/')) text.pop_back();
    return text;
  }
  const auto host = call.http.request.headers.get("Host");
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]";
  if (host.empty() || host.find_first_not_of(kPlain) != host.npos) return {};
  return "http://" + std::string(host);
}

}  // namespace

ApiJson outputs_view(const ApiJson& outputs) {
  ApiJson list = ApiJson::array();
  for (const auto& [name, path] : outputs.items()) {
    const auto text = path.get<std::string>();
    list.push_back({{"name", name},
                    {"path", path},
                    {"url", "/store-path/" + url_part(text.substr(text.rfind('/') + 1))}});
  }
  return list;
}

ApiJson products_view(const ApiJson& build) {
  ApiJson list = ApiJson::array();
  for (const auto& product : build["products"]) {
    const auto number = std::to_string(list.size() + 1);
    const auto name = product["name"].get<std::string>();
    list.push_back({{"name", name.empty() ? product["type"] : product["name"]},
                    {"type", product["type"]},
                    {"subtype", product["subtype"]},
                    {"size", product["size"].is_number()
                                 ? ApiJson(size_text(product["size"].get<std::int64_t>()))
                                 : ApiJson()},
                    {"sha256", product["sha256"]},
                    {"url", "/build/" + build["id"].dump() + "/download/" + number +
                                (name.empty() ? "" : "/" + url_part(name))}});
  }
  return list;
}

ApiJson build_facts(const ApiJson& build) {
  ApiJson facts = ApiJson::array();
  const auto add = [&](std::string_view name, const ApiJson& value, const ApiJson& url = nullptr) {
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) return;
    facts.push_back({{"name", name}, {"value", value}, {"url", url}});
  };
  add("System", build["system"]);
  add("Name", build["name"]);
  add("Release", build["releaseName"]);
  if (build["finished"].get<bool>() && build["outcome"] == "good") {
    add("How", build["made"].get<bool>() ? "built here" : "was there already");
  }
  const auto add_size = [&](std::string_view name, const ApiJson& bytes) {
    if (bytes.get<std::int64_t>() > 0) add(name, size_text(bytes.get<std::int64_t>()));
  };
  add_size("Output size", build["size"]);
  add_size("Closure size", build["closureSize"]);
  constexpr std::int64_t kOrdinary = 100;
  if (build["priority"].get<std::int64_t>() != kOrdinary) add("Priority", build["priority"].dump());
  if (build["tries"].get<std::int64_t>() > 1) add("Tries", build["tries"].dump());
  const auto& derivation = build["derivation"];
  if (derivation.is_string()) {
    add("Derivation", derivation, derivation_url(derivation.get<std::string>()));
  }
  if (build.contains("outputSet") && build["outputSet"].is_string()) {
    const auto set = build["outputSet"].get<std::string>();
    add("Output set", set, "/output-set/" + set);
  }
  const auto& meta = build["meta"];
  if (!meta.is_object()) return facts;
  for (const auto& [key, name] : {std::pair{"description", "Description"},
                                  {"license", "License"},
                                  {"homepage", "Homepage"},
                                  {"maintainers", "Maintainers"}}) {
    if (!meta.contains(key)) continue;
    const auto text = meta_text(meta[key]);
    const bool is_link = text.starts_with("https://") || text.starts_with("http://");
    add(name, text, std::string_view(key) == "homepage" && is_link ? ApiJson(text) : ApiJson());
  }
  return facts;
}

ApiJson reason_view(const PageCall& call, const ApiJson& build) {
  if (!build["evaluation"].is_number()) return nullptr;
  struct Reason {
    std::optional<TargetView> target;
    std::int64_t base = 0;
    std::string base_derivation;
  };
  const auto reason = call.site.context().farm.database().read([&](Database& database) {
    Reason found;
    EvaluationHistory history(database);
    const auto evaluation = history.find(build["evaluation"].get<std::int64_t>());
    if (!evaluation) return found;
    found.target = history.target(*evaluation, build["label"].get<std::string>());
    found.base = evaluation->base;
    if (!found.target || found.target->base_build == 0) return found;
    const auto base = Builds(database).find(found.target->base_build);
    if (base && base->derivation != 0) found.base_derivation = base->derivation_name;
    return found;
  });
  ApiJson view{{"evaluation", build["evaluation"]},
               {"evaluationUrl", "/eval/" + build["evaluation"].dump()},
               {"verdict", nullptr},
               {"base", nullptr},
               {"baseBuild", nullptr},
               {"differenceUrl", nullptr}};
  if (reason.base != 0) {
    view["base"] = {{"id", reason.base}, {"url", "/eval/" + std::to_string(reason.base)}};
  }
  if (!reason.target) return view;
  if (reason.target->verdict) view["verdict"] = verdict_view(to_string(*reason.target->verdict));
  if (const auto base = reason.target->base_build; base != 0 && build["id"] != base) {
    view["baseBuild"] = {{"id", base}, {"url", "/build/" + std::to_string(base)}};
    const auto derivation = build["derivation"].get<std::string>();
    if (!reason.base_derivation.empty() && reason.base_derivation != derivation) {
      view["differenceUrl"] =
          derivation_url(reason.base_derivation) + "/diff/" + url_part(derivation);
    }
  }
  return view;
}

ApiJson reproduce_view(const PageCall& call, const std::string& id) {
  const auto url = "/api/v1/builds/" + id + "/reproduce";
  try {
    call.site.get_text(call.http.request, url);
  } catch (const ConflictError& problem) {
    return {{"problem", problem.what()}, {"url", nullptr}, {"command", nullptr}};
  }
  const auto address = own_address(call);
  return {{"problem", nullptr},
          {"url", url},
          {"command", address.empty() ? ApiJson()
                                      : ApiJson("curl -fo reproduce-" + id + ".sh " + address +
                                                url + " && sh reproduce-" + id + ".sh")}};
}

ApiJson builds_by_number(const PageCall& call, const ApiJson& numbers, std::size_t most) {
  if (numbers.empty()) return ApiJson::array();
  auto ids = numbers.get<std::vector<std::int64_t>>();
  if (ids.size() > most) ids.resize(most);
  return call.site.context().farm.database().read([&](Database& database) {
    const ApiCall api{call.http, call.site.context(), call.identity, nullptr};
    Sight sight(api, database);
    Jobsets jobsets(database);
    std::map<std::int64_t, std::optional<Jobset>> known;
    ApiJson rows = ApiJson::array();
    for (const auto& build : Builds(database).find(ids)) {
      if (!sight.sees_jobset(build.jobset)) continue;
      const auto [jobset, is_new] = known.try_emplace(build.jobset);
      if (is_new) jobset->second = jobsets.find(build.jobset);
      rows.push_back(
          build_row(api_build(build, jobset->second ? &*jobset->second : nullptr), call.now));
    }
    return rows;
  });
}

}  // namespace grange
