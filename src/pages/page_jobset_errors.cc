#include <nlohmann/json.hpp>

#include "pages/page_jobset.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

/// The newest evaluation that does not run; null where there is none among the last few.
ApiJson last_ended(const PageCall& call) {
  const auto page = call.get("/api/v1/evaluations?limit=5&" + jobset_parameters(call));
  for (const auto& evaluation : page["evaluations"]) {
    if (evaluation["state"] != "running") return evaluation;
  }
  return nullptr;
}

}  // namespace

ApiJson jobset_errors_page(PageCall& call) {
  const auto jobset = call.get(jobset_api_url(call));
  auto model = jobset_head(call, jobset, "errors");
  const auto evaluation = last_ended(call);
  model["evaluation"] = nullptr;
  model["errors"] = ApiJson::array();
  model["next"] = nullptr;
  if (!evaluation.is_null()) {
    const auto after = call.parameter("after");
    const auto page =
        call.get("/api/v1/evaluations/" + evaluation["id"].dump() + "/errors?limit=100" +
                 (after.empty() ? "" : "&after=" + url_part(after)));
    model["evaluation"] = evaluation_row(evaluation, call.now);
    model["evaluationProblem"] = evaluation["problem"];
    model["errors"] = page["errors"];
    if (!page["next"].is_null()) {
      model["next"] = model["url"].get<std::string>() + "/errors?after=" +
                      url_part(page["errors"].back()["label"].get<std::string>());
    }
  }
  model["nothing"] = !says_something(jobset["problem"]) &&
                     !says_something(jobset["fetchProblem"]) && model["errors"].empty() &&
                     model.value("evaluationProblem", "").empty();
  return model;
}

}  // namespace grange
