#include "serve/step_log.h"

#include "base/error.h"

namespace grange {

std::int64_t step_of_build_log(const ApiCall& call, std::int64_t build) {
  return call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, build);
    StepQuery query;
    query.build = build;
    for (const auto& step : Steps(database).list(query)) {
      if (step.derivation == seen.build.derivation_name) return step.id;
    }
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
