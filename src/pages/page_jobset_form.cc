#include <array>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/input_types.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/project_facts.h"

namespace grange {
namespace {

/// A new jobset, one that is changed, or one like another: the same page, filled differently.
enum class Purpose { make, edit, clone };

ApiJson states_view(const std::string& chosen) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kStates{{
      {"on", "on"},
      {"one-at-a-time", "on, one evaluation at a time"},
      {"one-shot", "on for one evaluation"},
      {"off", "off"},
  }};
  ApiJson states = ApiJson::array();
  for (const auto& [value, text] : kStates) {
    states.push_back({{"value", value}, {"text", text}, {"chosen", value == chosen}});
  }
  return states;
}

/// What a jobset begins with where nobody says otherwise.
ApiJson new_jobset() {
  const JobsetSettings settings;
  return {{"name", ""},
          {"description", ""},
          {"hidden", settings.hidden},
          {"state", "on"},
          {"checkInterval", settings.check_interval},
          {"flake", ""},
          {"expressionInput", "src"},
          {"expressionPath", "release.nix"},
          {"allowImportFromDerivation", settings.allow_import_from_derivation},
          {"shares", settings.shares},
          {"keep", settings.keep},
          {"declaredIn", nullptr},
          {"inputs", {{"src", {{"type", "git"}, {"value", ""}}}}}};
}

ApiJson input_rows(const ApiJson& inputs) {
  ApiJson rows = ApiJson::array();
  for (const auto& [name, input] : inputs.items()) {
    rows.push_back(
        input_row_view(name, input["type"].get<std::string>(), input["value"].get<std::string>()));
  }
  return rows;
}

std::string title_of(Purpose purpose, const std::string& name) {
  switch (purpose) {
    case Purpose::make:
      return "New jobset";
    case Purpose::edit:
      return "Edit " + name;
    case Purpose::clone:
      return "Clone " + name;
  }
  return name;
}

ApiJson jobset_form(PageCall& call, Purpose purpose) {
  const auto api = "/api/v1/projects/" + url_part(call.text("project"));
  const auto project = call.get(api);
  const auto facts = project_facts(project);
  require(call.identity, Permission::edit_jobset, &facts);
  const auto jobset = purpose == Purpose::make
                          ? new_jobset()
                          : call.get(api + "/jobsets/" + url_part(call.text("jobset")));
  const auto name = jobset["name"].get<std::string>();
  const bool is_new = purpose != Purpose::edit;
  // A project that a file declares takes no other jobsets than the file's.
  const auto& locked =
      project["declaredIn"].is_null() && !is_new ? jobset["declaredIn"] : project["declaredIn"];
  ApiJson model{{"title", title_of(purpose, name)},
                {"crumbs", crumbs(project["name"], is_new ? ApiJson() : jobset["name"])},
                {"isNew", is_new},
                {"apiUrl", api + "/jobsets/" + (is_new ? "{name}" : url_part(name))},
                {"thenUrl", "/jobset/" + url_part(call.text("project"))},
                {"backUrl", purpose == Purpose::make ? project_url(project["name"])
                                                     : jobset_url(project["name"], jobset["name"])},
                {"locked", locked},
                {"lead", purpose == Purpose::clone ? ApiJson("All settings of " + name +
                                                             ", for a jobset of another name.")
                                                   : ApiJson()},
                {"name", is_new ? "" : name},
                {"states", states_view(jobset["state"].get<std::string>())},
                {"isFlake", !jobset["flake"].get<std::string>().empty()},
                {"inputs", input_rows(jobset["inputs"])},
                {"blankInput", input_row_view("", "git", "")}};
  for (const auto* field : {"description", "hidden", "checkInterval", "flake", "expressionInput",
                            "expressionPath", "allowImportFromDerivation", "shares", "keep"}) {
    model[field] = jobset[field];
  }
  return model;
}

}  // namespace

void add_jobset_form_pages(Router& router, const PageSite& site) {
  const auto add = [&](std::string_view pattern, Purpose purpose) {
    add_page(router, site, pattern, "jobset_form",
             [purpose](PageCall& call) { return jobset_form(call, purpose); });
  };
  add("/project/{project}/new-jobset", Purpose::make);
  add("/jobset/{project}/{jobset}/edit", Purpose::edit);
  add("/jobset/{project}/{jobset}/clone", Purpose::clone);
}

}  // namespace grange
