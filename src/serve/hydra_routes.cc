#include "serve/hydra_routes.h"

#include <memory>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "http/url.h"
#include "serve/hydra_json.h"

namespace grange {
namespace {

/// So many builds are read together while a list is sent.
constexpr std::size_t kStreamedTogether = 500;
/// Of how many evaluations a build names the newest: alone, and in a list.
constexpr std::size_t kEvaluationsOfOne = 1000;
constexpr std::size_t kEvaluationsInList = 10;

/// Builds with everything that is told of them, a few queries for all.
std::vector<nlohmann::ordered_json> full_builds(Database& database, const StoreDir& store_dir,
                                                const std::vector<BuildRow>& rows,
                                                std::size_t evaluations_each) {
  std::vector<std::int64_t> ids;
  for (const auto& row : rows) ids.push_back(row.id);
  Builds builds(database);
  auto outputs = builds.outputs(ids);
  auto reports = builds.reports(ids);
  auto evaluations = EvaluationHistory(database).of_builds(ids, evaluations_each);
  std::map<std::int64_t, std::optional<Jobset>> jobsets;
  std::vector<nlohmann::ordered_json> list;
  for (const auto& row : rows) {
    auto jobset = jobsets.find(row.jobset);
    if (jobset == jobsets.end()) {
      jobset = jobsets.emplace(row.jobset, Jobsets(database).find(row.jobset)).first;
    }
    const HydraBuildParts parts{std::move(evaluations[row.id]), std::move(outputs[row.id]),
                                std::move(reports[row.id])};
    list.push_back(hydra_build(row, jobset->second ? &*jobset->second : nullptr, parts, store_dir));
  }
  return list;
}

std::string all_fields(const InvalidFieldsError& error) {
  std::vector<std::string> texts;
  for (const auto& [field, message] : error.fields()) texts.push_back(field + ": " + message);
  return join(texts, "; ");
}

bool names_json(std::string_view types) {
  return types.find("application/json") != types.npos || types.find("text/x-json") != types.npos;
}

}  // namespace

void add_hydra_route(Router& router, const ApiContext& context, RequestMethod method,
                     std::string_view pattern, ApiHandler handler) {
  add_api_route(
      router, context, method, pattern,
      [handler = std::move(handler)](ApiCall& call) {
        try {
          return handler(call);
        } catch (const InvalidFieldsError& error) {
          throw InvalidError(all_fields(error));
        }
      },
      ErrorForm::hydra);
}

bool asks_for_json(const ServerRequest& request) {
  const auto* parameter = request.target.parameter("content-type");
  return names_json(request.headers.list("Accept")) ||
         names_json(request.headers.get("Content-Type")) ||
         (parameter != nullptr && names_json(*parameter));
}

ServerResponse hydra_redirect(const ApiCall& call, std::string_view path, int status) {
  auto where = percent_encode(path, "/");
  const auto& query = call.http.request.target.query;
  if (!query.empty()) where += "?" + query;
  ServerResponse response;
  response.status = status;
  response.headers.set("Location", where);
  response.headers.set("Cache-Control", "no-cache");
  return response;
}

nlohmann::ordered_json hydra_full_build(const ApiCall& call, Database& database,
                                        const BuildRow& build) {
  return full_builds(database, call.farm().workshop().config().store_dir, {build},
                     kEvaluationsOfOne)
      .front();
}

ServerResponse hydra_build_stream(const ApiCall& call, std::vector<std::int64_t> builds) {
  ServerResponse response;
  response.headers.set("Content-Type", "application/json");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", "no-cache");
  StreamBody body;
  body.write = [&farm = call.farm(), builds = std::move(builds)](Sink& sink) {
    const auto& store_dir = farm.workshop().config().store_dir;
    sink.write("[");
    bool is_first = true;
    for (std::size_t begin = 0; begin < builds.size(); begin += kStreamedTogether) {
      const auto ids =
          std::span(builds).subspan(begin, std::min(kStreamedTogether, builds.size() - begin));
      const auto list = farm.database().read([&](Database& database) {
        return full_builds(database, store_dir, Builds(database).find(ids), kEvaluationsInList);
      });
      std::string text;
      for (const auto& build : list) {
        text += is_first ? "\n" : ",\n";
        is_first = false;
        text += build.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
      }
      sink.write(text);
    }
    sink.write("\n]\n");
  };
  response.body = std::move(body);
  return response;
}

void add_hydra_routes(Router& router, const ApiContext& context) {
  add_hydra_project_routes(router, context);
  add_hydra_build_routes(router, context);
  add_hydra_list_routes(router, context);
  add_hydra_job_routes(router, context);
  add_hydra_setting_routes(router, context);
  add_hydra_action_routes(router, context);
  add_push_routes(router, context);
  add_reproduce_routes(router, context);
}

}  // namespace grange
