#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "derivation/realisation.h"
#include "http/url.h"
#include "record/attempt_history.h"
#include "serve/api_json.h"
#include "serve/api_parameters.h"
#include "serve/api_routes.h"
#include "serve/api_sight.h"

namespace grange {
namespace {

constexpr std::size_t kShownRecipes = 100;

ApiJson derivation_brief(const DerivationRow& derivation) {
  return {{"id", derivation.id}, {"derivation", derivation.path.base_name()}};
}

ServerResponse get_derivation(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto found = seen_derivation(call, database, call.text("derivation"));
    Derivations derivations(database);
    auto answer = derivation_brief(found);
    const auto name = found.path.base_name();
    answer["path"] = call.farm().workshop().config().store_dir.print(found.path);
    answer["name"] = found.path.derivation_name();
    answer["system"] = found.system;
    answer["outputSet"] = found.output_set ? ApiJson(found.output_set->to_string()) : ApiJson();
    ApiJson inputs = ApiJson::array();
    for (const auto& input :
         derivations.find(std::span<const std::int64_t>(derivations.inputs(found.id)))) {
      inputs.push_back(derivation_brief(input));
    }
    answer["inputs"] = std::move(inputs);
    answer["recipe"] = "/api/v1/derivations/" + std::to_string(found.id) + "/recipe";
    answer["builds"] = "/api/v1/builds?match=exact&outputSet=" + percent_encode(name);
    answer["attempts"] = "/api/v1/attempts?recipe=" + percent_encode(name);
    return answer;
  }));
}

ServerResponse get_recipe(ApiCall& call) {
  ServerResponse response;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.body = call.farm().database().read([&](Database& database) {
    const auto found = seen_derivation(call, database, call.text("derivation"));
    return Derivations(database).text(found.id);
  });
  return response;
}

struct SeenOutputSet {
  OutputSetId id;
  OutputSetRow row;
};

SeenOutputSet seen_output_set(const ApiCall& call, Database& database) {
  const auto& text = call.text("outputSet");
  const auto bytes = base16_decode(text);
  Sha256 digest{};
  if (bytes && bytes->size() == digest.size()) {
    std::copy(bytes->begin(), bytes->end(), digest.begin());
    const OutputSetId id(digest);
    const auto row = find_output_set_row(database, id);
    if (row && Sight(call, database).sees_output_set(id)) return {id, *row};
  }
  throw NotFoundError("there is no output set '" + printable(text) + "'");
}

ServerResponse get_output_set(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto set = seen_output_set(call, database);
    const auto id = set.id.to_string();
    Sight sight(call, database);
    ApiJson recipes = ApiJson::array();
    for (const auto& recipe : Derivations(database).recipes_of(set.row.id, kShownRecipes)) {
      if (!sight.sees_derivation(recipe)) continue;
      auto brief = derivation_brief(recipe);
      brief["system"] = recipe.system;
      recipes.push_back(std::move(brief));
    }
    BuildQuery good;
    good.output_set = set.row.id;
    good.outcome = Outcome::good;
    good.with_hidden = sees_all(call);
    good.limit = 1;
    ApiJson outputs = ApiJson::object();
    for (const auto& build : Builds(database).list(good)) {
      for (const auto& [name, path] : Builds(database).outputs(build.id)) {
        outputs[name] = call.farm().workshop().config().store_dir.print(path);
      }
    }
    return ApiJson{{"id", id},
                   {"outcome", set.row.outcome ? ApiJson(to_string(*set.row.outcome)) : ApiJson()},
                   {"recipes", std::move(recipes)},
                   {"outputs", std::move(outputs)},
                   {"builds", "/api/v1/builds?outputSet=" + id},
                   {"steps", "/api/v1/steps?outputSet=" + id},
                   {"attempts", "/api/v1/attempts?outputSet=" + id},
                   {"failures", "/api/v1/failures?outputSet=" + id}};
  }));
}

ApiJson attempt_json(const AttemptRow& attempt) {
  return {{"id", attempt.id},
          {"recipe", attempt.recipe},
          {"outputSet", attempt.output_set ? ApiJson(attempt.output_set->to_string()) : ApiJson()},
          {"fixedOutput", attempt.fixed_output},
          {"policy", attempt.policy},
          {"check", attempt.check},
          {"outcome", to_string(attempt.outcome)},
          {"started", api_time(attempt.started)},
          {"stopped", api_time(attempt.stopped)},
          {"message", attempt.message}};
}

/// Of what an attempt is, and of which recipe.
bool sees_attempt(Sight& sight, Database& database, const AttemptRow& attempt) {
  const auto path = StorePath::try_parse(attempt.recipe);
  const auto derivation = path ? Derivations(database).find(*path) : std::nullopt;
  return derivation ? sight.sees_derivation(*derivation)
                    : sight.sees_output_set(attempt.output_set);
}

/// A page of attempts that are seen; `print` gives each its JSON.
template <typename Print>
ServerResponse attempt_page(ApiCall& call, std::string_view name, bool failing, Print&& print) {
  AttemptQuery query;
  const auto limit = call.limit();
  query.limit = limit + 1;
  query.failing = failing;
  query.before = call.integer_parameter("before");
  query.outcome = outcome_parameter(call);
  query.recipe = call.parameter("recipe");
  return api_answer(call.farm().database().read([&](Database& database) {
    if (const auto text = call.parameter("outputSet")) {
      const auto set = output_set_named(database, *text);
      query.output_set = set ? output_set_row(database, *set).value_or(-1) : -1;
    }
    auto rows = AttemptHistory(database).list(query);
    const bool has_more = cut_to_page(rows, limit);
    Sight sight(call, database);
    ApiJson list = ApiJson::array();
    for (const auto& row : rows) {
      if (sees_attempt(sight, database, row)) list.push_back(print(row));
    }
    ApiJson page = ApiJson::object();
    page[std::string(name)] = std::move(list);
    page["next"] = call.next("before", has_more, [&] { return std::to_string(rows.back().id); });
    return page;
  }));
}

ServerResponse list_attempts(ApiCall& call) {
  return attempt_page(call, "attempts", false, attempt_json);
}

ServerResponse list_failures(ApiCall& call) {
  const auto& lifetimes = call.farm().config().failure_lifetimes;
  return attempt_page(call, "failures", true, [&](const AttemptRow& attempt) {
    auto failure = attempt_json(attempt);
    const auto until = lifetimes.believed_until(attempt.outcome, attempt.stopped);
    failure["until"] = until ? ApiJson(api_time(*until)) : ApiJson();
    return failure;
  });
}

ServerResponse get_attempt(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto id = call.number("id");
    const auto attempt = AttemptHistory(database).find(id);
    Sight sight(call, database);
    if (!attempt || !sees_attempt(sight, database, *attempt)) {
      throw NotFoundError("there is no attempt " + std::to_string(id));
    }
    auto answer = attempt_json(*attempt);
    answer["logTail"] = attempt->log_tail;
    return answer;
  }));
}

ServerResponse clear_failures(ApiCall& call) {
  const auto row = call.farm().database().read([&](Database& database) {
    const auto set = seen_output_set(call, database);
    require(call.identity, Permission::restart_builds);
    return set.row.id;
  });
  const auto cleared = call.farm().database().write(
      [&](Database& database) { return forget_failures_of(database, row); });
  return api_answer({{"cleared", cleared}});
}

/// Where an output has been realised, as far as who asks may know: some build that he sees has it,
/// or nothing is hidden.
ServerResponse get_realisation(ApiCall& call) {
  const auto& text = call.text("drvOutput");
  const auto missing = [&] {
    return NotFoundError("there is no realisation '" + printable(text) + "'");
  };
  std::optional<DrvOutput> id;
  try {
    id = DrvOutput::parse(text);
  } catch (const InvalidError&) {
    throw missing();
  }
  const auto found = call.farm().workshop().store().realisations({*id});
  if (found.empty()) throw missing();
  const auto& realisation = found.begin()->second;
  call.farm().database().read([&](Database& database) {
    const bool is_seen =
        sees_all(call) || !hides_anything(database) ||
        !Builds(database).with_output(realisation.out_path.hash_part(), false, 1).empty();
    if (!is_seen) throw missing();
    return 0;
  });
  return api_answer(api_realisation(realisation, call.farm().workshop().config().store_dir));
}

}  // namespace

void add_derivation_routes(Router& router, const ApiContext& context) {
  const auto add = [&](RequestMethod method, std::string_view pattern, ApiHandler handler) {
    add_api_route(router, context, method, pattern, std::move(handler));
  };
  add(RequestMethod::get, "/api/v1/derivations/{derivation}", get_derivation);
  add(RequestMethod::get, "/api/v1/derivations/{derivation}/recipe", get_recipe);
  add(RequestMethod::get, "/api/v1/output-sets/{outputSet}", get_output_set);
  add(RequestMethod::erase, "/api/v1/output-sets/{outputSet}/failures", clear_failures);
  add(RequestMethod::get, "/api/v1/failures", list_failures);
  add(RequestMethod::get, "/api/v1/attempts", list_attempts);
  add(RequestMethod::get, "/api/v1/attempts/{id}", get_attempt);
  add(RequestMethod::get, "/api/v1/realisations/{drvOutput}", get_realisation);
}

}  // namespace grange
