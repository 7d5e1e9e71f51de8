#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/derivations.h"
#include "serve/api_json.h"
#include "serve/api_parameters.h"
#include "serve/api_queue.h"
#include "serve/api_routes.h"
#include "serve/step_log.h"

namespace grange {
namespace {

/// Jobsets by number, each looked for once.
class JobsetNames {
 public:
  explicit JobsetNames(Database& database) : jobsets_(database) {}
  const Jobset* find(std::int64_t id) {
    if (id == 0) return nullptr;
    auto found = found_.find(id);
    if (found == found_.end()) found = found_.emplace(id, jobsets_.find(id)).first;
    return found->second ? &*found->second : nullptr;
  }

 private:
  Jobsets jobsets_;
  std::map<std::int64_t, std::optional<Jobset>> found_;
};

/// Of one row more than the page may have, where there is one.
ApiJson build_page(const ApiCall& call, Database& database, std::vector<BuildRow> rows,
                   std::string_view key, std::size_t limit) {
  const bool has_more = cut_to_page(rows, limit);
  JobsetNames jobsets(database);
  ApiJson list = ApiJson::array();
  for (const auto& row : rows) list.push_back(api_build(row, jobsets.find(row.jobset)));
  ApiJson page{{"builds", std::move(list)}};
  page["next"] = call.next(key, has_more, [&] { return std::to_string(rows.back().id); });
  return page;
}

ServerResponse list_builds(ApiCall& call) {
  BuildQuery query;
  const auto limit = call.limit();
  query.limit = limit + 1;
  query.since = call.time_parameter("since");
  query.beyond = call.integer_parameter("before");
  query.finished = call.flag_parameter("finished");
  query.label = call.parameter("label");
  query.system = call.parameter("system");
  query.evaluation = call.integer_parameter("evaluation");
  query.with_hidden = sees_all(call);
  query.outcome = outcome_parameter(call);
  const auto match = call.parameter("match").value_or("equivalent");
  if (match != "exact" && match != "equivalent") {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"match", "specified exact or equivalent, got '" + printable(match) + "'"}});
  }
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto project = call.parameter("project");
    const auto jobset = call.parameter("jobset");
    if (project && jobset) {
      query.jobset = seen_jobset(call, database, *project, *jobset).jobset.id;
      query.with_hidden = true;  // that one is seen
    } else if (project) {
      const auto seen = seen_project(call, database, *project);
      query.project = seen.project.id;
      query.with_hidden = sees_all_of(call, seen);
    } else if (jobset) {
      throw InvalidFieldsError(
          InvalidFieldsError::Fields{{"project", "is missing: jobsets are named within projects"}});
    }
    if (const auto text = call.parameter("outputSet")) {
      const auto path = StorePath::try_parse(*text);
      if (match == "exact" && path) {
        const auto derivation = Derivations(database).find(*path);
        query.derivation = derivation ? derivation->id : -1;
      } else {
        const auto set = output_set_named(database, *text);
        query.output_set = set ? output_set_row(database, *set).value_or(-1) : -1;
      }
    }
    return build_page(call, database, Builds(database).list(query), "before", limit);
  }));
}

ApiJson product_json(const BuildProduct& product) {
  return {
      {"type", product.type},
      {"subtype", product.subtype},
      {"name", product.name},
      {"path", product.path},
      {"defaultPath", product.default_path},
      {"size", product.size ? ApiJson(*product.size) : ApiJson()},
      {"sha256", product.sha256 ? ApiJson(product.sha256->digits(HashFormat::base16)) : ApiJson()}};
}

/// Of each output.
constexpr std::size_t kShownRealisations = 20;

ServerResponse get_build(ApiCall& call) {
  const auto id = call.number("id");
  auto answer = call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, id);
    auto build = api_build(seen.build, seen.of ? &seen.of->jobset : nullptr);
    Builds builds(database);
    ApiJson outputs = ApiJson::object();
    ApiJson realisations = ApiJson::array();
    auto& workshop = call.farm().workshop();
    for (const auto& [name, path] : builds.outputs(id)) {
      outputs[name] = workshop.config().store_dir.print(path);
      for (const auto& one : workshop.store().realisations_of(path, kShownRealisations)) {
        realisations.push_back(api_realisation(one, workshop.config().store_dir));
      }
    }
    build["outputs"] = std::move(outputs);
    build["realisations"] = std::move(realisations);
    const auto report = builds.report(id);
    ApiJson products = ApiJson::array();
    for (const auto& product : report.products) products.push_back(product_json(product));
    build["products"] = std::move(products);
    ApiJson metrics = ApiJson::object();
    for (const auto& metric : report.metrics) {
      metrics[metric.name] = {{"value", metric.value}, {"unit", metric.unit}};
    }
    build["metrics"] = std::move(metrics);
    build["failedInputs"] = builds.failed_inputs(id);
    build["constituents"] = builds.constituents(id);
    build["evaluations"] = EvaluationHistory(database).of_build(id, 100);
    ApiJson steps = ApiJson::array();
    StepQuery query;
    query.build = id;
    const auto own = own_step(database, seen.build);
    for (const auto& step : Steps(database).list(query)) steps.push_back(api_step(step));
    if (own && own->build != id) steps.push_back(api_step(*own));
    build["steps"] = std::move(steps);
    if (seen.build.derivation != 0) {
      const auto derivation = Derivations(database).find(seen.build.derivation);
      build["outputSet"] = derivation && derivation->output_set
                               ? ApiJson(derivation->output_set->to_string())
                               : ApiJson();
    }
    const auto facts =
        ApiJson::parse(EvaluationHistory(database).facts(seen.build.facts), nullptr, false);
    build["meta"] = facts.is_object() && facts.contains("meta") ? facts["meta"] : ApiJson::object();
    return build;
  });
  answer["waiting"] = ApiJson();
  if (!answer["finished"].get<bool>()) {
    if (const auto waiting = call.farm().driver().why_waiting(id)) {
      answer["waiting"] = api_waiting(*waiting);
    }
  }
  return api_answer(answer);
}

ServerResponse get_waiting(ApiCall& call) {
  const auto id = call.number("id");
  call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, id);
    if (seen.build.finished()) {
      throw ConflictError("build " + std::to_string(id) +
                          " has ended: " + std::string(to_string(*seen.build.outcome)));
    }
    return 0;
  });
  const auto waiting = call.farm().driver().why_waiting(id);
  if (!waiting) throw NotFoundError("the scheduler does not know build " + std::to_string(id));
  return api_answer(api_waiting(*waiting));
}

/// Checks that who asks may do it with the build in the path; its number.
std::int64_t permitted_build(ApiCall& call, Permission permission) {
  return call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    require(call.identity, permission, seen.of ? &seen.of->facts : nullptr);
    return seen.build.id;
  });
}

ServerResponse restart_build(ApiCall& call) {
  const auto id = permitted_build(call, Permission::restart_builds);
  return api_answer({{"restarted", call.actions().restart({id})}});
}

ServerResponse cancel_build(ApiCall& call) {
  const auto id = permitted_build(call, Permission::cancel_builds);
  return api_answer({{"cancelled", call.actions().cancel({id})}});
}

ServerResponse bump_build(ApiCall& call) {
  const auto id = permitted_build(call, Permission::bump_builds);
  call.actions().bump({id});
  return api_answer({{"bumped", {id}}});
}

ServerResponse keep_build(ApiCall& call, bool keep) {
  const auto id = permitted_build(call, Permission::keep_builds);
  call.actions().keep(id, keep);
  return api_answer({{"id", id}, {"keep", keep}});
}

ServerResponse get_queue(ApiCall& call) {
  const auto limit = call.limit();
  auto answer = call.farm().database().read([&](Database& database) {
    BuildQuery query;
    query.finished = false;
    query.ascending = true;
    query.limit = limit + 1;
    query.beyond = call.integer_parameter("after");
    query.with_hidden = sees_all(call);
    auto page = build_page(call, database, Builds(database).list(query), "after", limit);
    ApiJson by_jobset = ApiJson::array();
    for (const auto& jobset : seen_jobsets(call, database, Jobsets(database).all())) {
      if (jobset.status.queued_builds == 0) continue;
      by_jobset.push_back({{"project", jobset.project_name},
                           {"jobset", jobset.settings.name},
                           {"queued", jobset.status.queued_builds},
                           {"shares", jobset.settings.shares}});
    }
    page["jobsets"] = std::move(by_jobset);
    return page;
  });
  add_places(call, answer["builds"]);
  return api_answer(answer);
}

}  // namespace

void add_build_routes(Router& router, const ApiContext& context) {
  const auto add = [&](RequestMethod method, std::string_view pattern, ApiHandler handler) {
    add_api_route(router, context, method, pattern, std::move(handler));
  };
  add(RequestMethod::get, "/api/v1/builds", list_builds);
  add(RequestMethod::get, "/api/v1/builds/{id}", get_build);
  add(RequestMethod::get, "/api/v1/builds/{id}/waiting", get_waiting);
  add(RequestMethod::post, "/api/v1/builds/{id}/restart", restart_build);
  add(RequestMethod::post, "/api/v1/builds/{id}/cancel", cancel_build);
  add(RequestMethod::post, "/api/v1/builds/{id}/bump", bump_build);
  add(RequestMethod::put, "/api/v1/builds/{id}/keep",
      [](ApiCall& call) { return keep_build(call, true); });
  add(RequestMethod::erase, "/api/v1/builds/{id}/keep",
      [](ApiCall& call) { return keep_build(call, false); });
  add(RequestMethod::get, "/api/v1/queue", get_queue);
}

}  // namespace grange
