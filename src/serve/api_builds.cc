#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/derivations.h"
#include "record/rows.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/step_log.h"

namespace grange {
namespace {

/// Of steps, so many pages are looked through for what is not hidden.
constexpr int kHiddenPages = 50;
constexpr std::string_view kOutcomes =
    "good, failed, dependency failed, failed with output, timed out, log limit exceeded, output "
    "rejected, hash mismatch, not deterministic, unsupported, aborted or cancelled";

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

ApiJson build_page(Database& database, const std::vector<BuildRow>& rows, std::size_t limit) {
  JobsetNames jobsets(database);
  ApiJson list = ApiJson::array();
  for (const auto& row : rows) list.push_back(api_build(row, jobsets.find(row.jobset)));
  ApiJson page{{"builds", std::move(list)}};
  page["next"] = rows.size() == limit ? ApiJson(rows.back().id) : ApiJson();
  return page;
}

/// The row of an output set that is named by its id or by one of its recipes' file names; nothing
/// where it is not known.
std::optional<std::int64_t> find_output_set(Database& database, const std::string& text) {
  if (const auto path = StorePath::try_parse(text)) {
    const auto derivation = Derivations(database).find(*path);
    if (!derivation || !derivation->output_set) return std::nullopt;
    return find_integer(database, "SELECT id FROM output_sets WHERE digest = ?1",
                        BlobValue{derivation->output_set->bytes()});
  }
  const auto bytes = base16_decode(text);
  if (!bytes || bytes->size() != sizeof(Sha256)) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"outputSet",
         "specified 64 hexadecimal digits, or the file name of a derivation, "
         "got '" +
             printable(text) + "'"}});
  }
  return find_integer(database, "SELECT id FROM output_sets WHERE digest = ?1", BlobValue{*bytes});
}

ServerResponse list_builds(ApiCall& call) {
  call.refuse_other_parameters({"project", "jobset", "label", "system", "evaluation", "outputSet",
                                "match", "finished", "outcome", "before", "limit"});
  BuildQuery query;
  query.limit = call.limit();
  query.beyond = call.integer_parameter("before");
  query.finished = call.flag_parameter("finished");
  query.label = call.parameter("label");
  query.system = call.parameter("system");
  query.evaluation = call.integer_parameter("evaluation");
  query.with_hidden = sees_all(call);
  if (const auto outcome = call.parameter("outcome")) {
    query.outcome = parse_outcome(*outcome);
    if (!query.outcome) {
      throw InvalidFieldsError(
          InvalidFieldsError::Fields{{"outcome", "specified " + std::string(kOutcomes) + ", got '" +
                                                     printable(*outcome) + "'"}});
    }
  }
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
        query.output_set = find_output_set(database, *text).value_or(-1);
      }
    }
    return build_page(database, Builds(database).list(query), query.limit);
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

ServerResponse get_build(ApiCall& call) {
  const auto id = call.number("id");
  auto answer = call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, id);
    auto build = api_build(seen.build, seen.of ? &seen.of->jobset : nullptr);
    Builds builds(database);
    ApiJson outputs = ApiJson::object();
    for (const auto& [name, path] : builds.outputs(id)) {
      outputs[name] = call.farm().workshop().config().store_dir.print(path);
    }
    build["outputs"] = std::move(outputs);
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
  call.refuse_other_parameters({"before", "after", "limit"});
  const auto limit = call.limit();
  return api_answer(call.farm().database().read([&](Database& database) {
    BuildQuery query;
    query.finished = false;
    query.ascending = true;
    query.limit = limit;
    query.beyond = call.integer_parameter("after");
    query.with_hidden = sees_all(call);
    auto page = build_page(database, Builds(database).list(query), limit);
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
  }));
}

ServerResponse list_steps(ApiCall& call) {
  call.refuse_other_parameters({"before", "limit", "build", "machine", "running"});
  StepQuery asked;
  asked.limit = call.limit();
  asked.before = call.integer_parameter("before");
  asked.build = call.integer_parameter("build");
  asked.machine = call.integer_parameter("machine");
  asked.running = call.flag_parameter("running");
  return api_answer(call.farm().database().read([&](Database& database) {
    auto query = asked;
    ApiJson list = ApiJson::array();
    std::int64_t next = 0;  // none
    std::map<std::int64_t, bool> seen;
    // A step of a hidden jobset is as hidden as its build: others take its place on the page.
    bool goes_on = true;
    for (int pages = 0; goes_on; ++pages) {
      const auto rows = Steps(database).list(query);
      goes_on = rows.size() == query.limit && pages < kHiddenPages;
      next = rows.size() == query.limit ? rows.back().id : 0;
      for (const auto& row : rows) {
        if (!seen.contains(row.build)) seen[row.build] = sees_step(call, database, row.build);
        query.before = row.id;
        if (!seen[row.build]) continue;
        list.push_back(api_step(row));
        if (list.size() < query.limit) continue;
        next = row.id;
        goes_on = false;
        break;
      }
    }
    ApiJson page{{"steps", std::move(list)}};
    page["next"] = next != 0 ? ApiJson(next) : ApiJson();
    return page;
  }));
}

ServerResponse get_step(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto step = Steps(database).find(call.number("id"));
    if (!step) throw NotFoundError("there is no step " + call.text("id"));
    if (!sees_step(call, database, step->build)) {
      throw NotFoundError("there is no step " + call.text("id"));
    }
    return api_step(*step);
  }));
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
  add(RequestMethod::get, "/api/v1/steps", list_steps);
  add(RequestMethod::get, "/api/v1/steps/{id}", get_step);
}

}  // namespace grange
