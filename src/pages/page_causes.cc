#include "pages/page_causes.h"

#include <nlohmann/json.hpp>

#include "compare/value_difference.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

constexpr std::size_t kShown = 100;

std::string text_or_nothing(const ApiJson& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// A field's two sides: by what one has and the other has not, where that is less than both.
ApiJson field_view(const ApiJson& field) {
  const auto base = text_or_nothing(field["base"]);
  const auto head = text_or_nothing(field["head"]);
  ApiJson pieces = ApiJson::array();
  for (const auto& piece : value_difference(base, head)) {
    pieces.push_back({{"added", piece.added}, {"text", piece.text}});
  }
  const auto name = field["field"].get<std::string>();
  return {{"field", name.starts_with("env.") ? name.substr(4) : name}, {"pieces", pieces}};
}

ApiJson rewritten_view(const ApiJson& recipe) {
  const auto head = recipe["drvPath"].get<std::string>();
  const auto base = recipe["baseDrvPath"].get<std::string>();
  return {{"name", recipe["name"]},
          {"suspicious", recipe["suspicious"]},
          {"url", derivation_url(head)},
          {"diffUrl", derivation_url(base) + "/diff/" + url_part(head.substr(head.rfind('/') + 1))},
          {"fields", rows_of(recipe["fields"], field_view)}};
}

ApiJson cause_view(const ApiJson& cause) {
  const auto count = [&](const char* key) { return count_text(cause[key].get<std::int64_t>()); };
  auto view = rewritten_view(cause);
  view["targets"] = counted_text(cause["targets"].get<std::int64_t>(), "target");
  view["targetsAlone"] = count("targetsAlone");
  view["derivations"] = counted_text(cause["derivations"].get<std::int64_t>(), "derivation");
  view["sourceFiles"] = cause["sourceFiles"];
  return view;
}

/// "and 40 more"; null where all are shown.
ApiJson more_text(const ApiJson& count, const ApiJson& shown) {
  const auto more = count.get<std::int64_t>() - static_cast<std::int64_t>(shown.size());
  return more > 0 ? ApiJson(count_text(more)) : ApiJson();
}

}  // namespace

ApiJson causes_page(PageCall& call) {
  const auto id = url_part(call.text("id"));
  const auto against = call.parameter("against");
  const auto evaluation = call.get("/api/v1/evaluations/" + id);
  const auto target = "/api/v1/evaluations/" + id + "/causes?limit=" + std::to_string(kShown) +
                      (against.empty() ? "" : "&against=" + url_part(against));
  const auto answer = call.get(target);
  auto way = crumbs(evaluation["project"], evaluation["jobset"]);
  const auto url = "/eval/" + evaluation["id"].dump();
  way.push_back({{"text", "Evaluation " + evaluation["id"].dump()},
                 {"url", against.empty() ? url : url + "?against=" + url_part(against)}});
  const auto& derivations = answer["derivations"];
  const auto count = [&](const char* key) {
    return count_text(derivations[key].get<std::int64_t>());
  };
  return {{"title", "Causes"},
          {"crumbs", std::move(way)},
          {"apiUrl", target},
          {"base", answer["against"]},
          {"baseUrl", "/eval/" + answer["against"].dump()},
          {"working", answer["state"] == "working"},
          {"known", answer["state"] == "known"},
          {"problem", answer["problem"]},
          {"headline", answer["headline"]},
          {"changed", counted_text(derivations["changed"].get<std::int64_t>(), "derivation")},
          {"cascade", count("cascade")},
          {"fresh", count("new")},
          {"causes", rows_of(answer["causes"], cause_view)},
          {"moreCauses", more_text(answer["causeCount"], answer["causes"])},
          {"rewritten", rows_of(answer["rewritten"], rewritten_view)},
          {"moreRewritten", more_text(answer["rewrittenCount"], answer["rewritten"])}};
}

}  // namespace grange
