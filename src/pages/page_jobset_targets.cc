#include <nlohmann/json.hpp>

#include "pages/page_jobset.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

constexpr int kEvaluations = 20;
constexpr int kTargets = 100;

ApiJson cell_view(const ApiJson& cell) {
  if (cell.is_null()) return {{"url", nullptr}};
  auto view = status_view(cell["outcome"]);
  view["url"] = "/build/" + cell["build"].dump();
  return view;
}

}  // namespace

ApiJson jobset_targets_page(PageCall& call) {
  const auto jobset = call.get(jobset_api_url(call));
  auto model = jobset_head(call, jobset, "targets");
  const auto url = model["url"].get<std::string>() + "/targets";
  const auto filter = call.parameter("filter");
  const auto before = call.parameter("before");
  const auto after = call.parameter("after");
  const auto with = [](std::string_view name, const std::string& value) {
    return value.empty() ? std::string() : "&" + std::string(name) + "=" + url_part(value);
  };
  const auto page =
      call.get(jobset_api_url(call) + "/targets?evaluations=" + std::to_string(kEvaluations) +
               "&limit=" + std::to_string(kTargets) + with("contains", filter) +
               with("before", before) + with("after", after));
  const auto job = "/job/" + url_part(call.text("project")) + "/" + url_part(call.text("jobset"));
  model["filter"] = filter;
  model["before"] = before;
  model["targetsUrl"] = url;
  model["evaluations"] = rows_of(page["evaluations"], [&](const ApiJson& one) -> ApiJson {
    return {{"id", one["id"]},
            {"url", "/eval/" + one["id"].dump()},
            {"started", time_view(one["started"], call.now)}};
  });
  model["rows"] = rows_of(page["targets"], [&](const ApiJson& target) -> ApiJson {
    return {{"label", target["label"]},
            {"url", job + "/" + url_part(target["label"].get<std::string>())},
            {"cells", rows_of(target["builds"], cell_view)}};
  });
  model["any"] = !model["evaluations"].empty();
  const auto link = [&](const std::string& parameters) {
    return ApiJson(parameters.empty() ? url : url + "?" + parameters.substr(1));
  };
  model["older"] = page["older"].is_null()
                       ? ApiJson()
                       : link(with("before", page["evaluations"].back()["id"].dump()) +
                              with("filter", filter) + with("after", after));
  model["newest"] =
      before.empty() ? ApiJson() : link(with("filter", filter) + with("after", after));
  model["more"] = page["next"].is_null()
                      ? ApiJson()
                      : link(with("after", page["targets"].back()["label"].get<std::string>()) +
                             with("filter", filter) + with("before", before));
  model["first"] =
      after.empty() ? ApiJson() : link(with("filter", filter) + with("before", before));
  return model;
}

}  // namespace grange
