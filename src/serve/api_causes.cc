#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "compare/explanation_text.h"
#include "compare/value_difference.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/cause_finder.h"

namespace grange {
namespace {

constexpr std::size_t kLongestValue = std::size_t{16} << 10;

ApiJson side_json(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  return printable(value->substr(0, kLongestValue));
}

ApiJson rewritten_json(const RewrittenRecipe& recipe, const StoreDir& store) {
  ApiJson fields = ApiJson::array();
  for (const auto& difference : recipe.differences) {
    const auto shown = readable(store.str(), difference);
    fields.push_back(
        {{"field", shown.field}, {"base", side_json(shown.base)}, {"head", side_json(shown.head)}});
  }
  return {{"name", recipe.head.derivation_name()},
          {"drvPath", store.print(recipe.head)},
          {"baseDrvPath", store.print(recipe.base)},
          {"outputSet", recipe.output_set.to_string()},
          {"recipes", recipe.recipes},
          {"suspicious", recipe.suspicious},
          {"fields", std::move(fields)}};
}

ApiJson answer_json(const CauseAnswer& answer, const StoreDir& store, std::size_t limit) {
  using State = CauseAnswer::State;
  ApiJson json{
      {"state", answer.state == State::known     ? "known"
                : answer.state == State::working ? "working"
                                                 : "failed"},
      {"problem", answer.problem},
      {"causeCount", answer.explanation.causes.size()},
      {"causes", ApiJson::array()},
      {"rewrittenCount", answer.comparison.rewritten.size()},
      {"rewritten", ApiJson::array()},
      {"headline", answer.state == State::known
                       ? ApiJson(change_headline(answer.comparison, answer.explanation, store))
                       : ApiJson()}};
  const auto changes = changes_json(answer.explanation);
  json["derivations"] = changes["derivations"];
  json["steps"] = answer.explanation.steps;
  Explanation part;
  const auto& causes = answer.explanation.causes;
  part.causes.assign(causes.begin(),
                     causes.begin() + static_cast<std::ptrdiff_t>(std::min(limit, causes.size())));
  json["causes"] = causes_json(part, store);
  // What is suspicious comes first.
  for (const bool suspicious : {true, false}) {
    for (const auto& recipe : answer.comparison.rewritten) {
      if (json["rewritten"].size() == limit) break;
      if (recipe.suspicious == suspicious)
        json["rewritten"].push_back(rewritten_json(recipe, store));
    }
  }
  return json;
}

struct Pair {
  std::int64_t head = 0;
  std::int64_t base = 0;
};

Pair seen_pair(ApiCall& call, Database& database) {
  const auto head = seen_evaluation(call, database, call.number("id")).evaluation;
  const auto against = call.integer_parameter("against");
  if (!against && head.base == 0) {
    throw ConflictError("evaluation " + std::to_string(head.id) +
                        " has no base: say `against` which one its causes are asked for");
  }
  const auto base = seen_evaluation(call, database, against.value_or(head.base)).evaluation;
  for (const auto* one : {&head, &base}) {
    if (one->position == 0) {
      throw ConflictError("evaluation " + std::to_string(one->id) +
                          " is not complete: causes are told between complete ones");
    }
  }
  return {head.id, base.id};
}

}  // namespace

void add_cause_routes(Router& router, const ApiContext& context) {
  const auto finder = std::make_shared<CauseFinder>(context.farm);
  add_api_route(router, context, RequestMethod::get, "/api/v1/evaluations/{id}/causes",
                [finder](ApiCall& call) {
                  const auto limit = call.limit(50, 1000);
                  const auto pair = call.farm().database().read(
                      [&](Database& database) { return seen_pair(call, database); });
                  auto json = answer_json(*finder->ask(pair.head, pair.base),
                                          call.farm().workshop().config().store_dir, limit);
                  json["evaluation"] = pair.head;
                  json["against"] = pair.base;
                  return api_answer(json);
                });
}

}  // namespace grange
