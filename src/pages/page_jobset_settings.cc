#include <cmath>

#include <nlohmann/json.hpp>

#include "pages/page_jobset.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

std::string percent_text(const ApiJson& part) {
  return std::to_string(std::lround(part.get<double>() * 100)) + " %";
}

std::string_view state_words(const ApiJson& state) {
  if (state == "off") return "off: it is not evaluated";
  if (state == "one-shot") return "one shot: it is evaluated once, then switched off";
  if (state == "one-at-a-time") {
    return "one at a time: not before the builds of its last evaluation have ended";
  }
  return "on";
}

}  // namespace

ApiJson jobset_settings_page(PageCall& call) {
  const auto jobset = call.get(jobset_api_url(call));
  auto model = jobset_head(call, jobset, "settings");
  const auto& usage = jobset["usage"];
  model["settings"] = jobset;
  model["inputs"] = ApiJson::array();
  for (const auto& [name, input] : jobset["inputs"].items()) {
    model["inputs"].push_back({{"name", name}, {"type", input["type"]}, {"value", input["value"]}});
  }
  const auto interval = jobset["checkInterval"].get<double>();
  model["stateWords"] = state_words(jobset["state"]);
  model["interval"] = interval > 0 ? "every " + duration_text(interval) : "only when asked to";
  model["entitled"] = percent_text(usage["entitledPart"]);
  model["used"] = percent_text(usage["usedPart"]);
  model["usedTime"] = duration_text(usage["coreSecondsLastDay"].get<double>());
  model["checked"] = time_view(jobset["lastChecked"], call.now);
  model["triggered"] = time_view(jobset["triggered"], call.now);
  model["evaluating"] = time_view(jobset["evaluating"], call.now);
  return model;
}

}  // namespace grange
