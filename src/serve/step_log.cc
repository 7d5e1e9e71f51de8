#include "serve/step_log.h"

#include "base/error.h"
#include "http/conditional.h"
#include "record/derivations.h"
#include "record/steps.h"

namespace grange {

std::optional<StepRow> own_step(Database& database, const BuildRow& build) {
  StepQuery query;
  query.build = build.id;
  Steps steps(database);
  for (auto& step : steps.list(query)) {
    if (step.derivation == build.derivation_name) return std::move(step);
  }
  // Of one that several builds share only the first is noted with it.
  if (build.derivation == 0) return std::nullopt;
  const auto derivation = Derivations(database).find(build.derivation);
  if (!derivation || !derivation->output_set) return std::nullopt;
  StepQuery shared;
  shared.output_set = derivation->output_set;
  for (auto& step : steps.list(shared)) {
    const bool is_of_it = build.finished() ? build.made && step.outcome == build.outcome
                                           : build.started && !step.outcome;
    if (step.derivation == build.derivation_name && is_of_it) return std::move(step);
  }
  return std::nullopt;
}

std::int64_t step_of_build_log(const ApiCall& call, std::int64_t build) {
  return call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, build);
    if (const auto step = own_step(database, seen.build)) return step->id;
    throw NotFoundError("build " + std::to_string(build) +
                        " has no log: nothing was made for it here");
  });
}

ServerResponse plain_step_log(const ApiCall& call, std::int64_t step,
                              std::optional<std::int64_t> tail) {
  auto text = call.farm().logs().read(step, 0, std::uint64_t{1} << 32);
  if (!text) text = "";  // it said nothing
  ServerResponse response;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.set("Cache-Control", "no-cache");
  if (tail) {
    auto at = text->size();
    for (std::int64_t lines = 0; at > 0; --at) {
      if ((*text)[at - 1] == '\n' && at != text->size() && ++lines >= *tail) break;
    }
    *text = text->substr(at);
  }
  response.body = *std::move(text);
  return response;  // whose conditions and ranges are those of every answer to GET
}

}  // namespace grange
