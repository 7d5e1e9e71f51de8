#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/step_log.h"

namespace grange {
namespace {

constexpr std::uint64_t kLogPiece = 256 * 1024;
constexpr std::chrono::seconds kLogKeepAlive{15};

/// The step in the path, or the last one of the build in the path that has a log.
std::int64_t step_with_log(ApiCall& call, bool of_build) {
  const auto id = call.number("id");
  if (of_build) return step_of_build_log(call, id);
  return call.farm().database().read([&](Database& database) {
    const auto step = Steps(database).find(id);
    if (!step) throw NotFoundError("there is no step " + std::to_string(id));
    if (!sees_step(call, database, step->build)) {
      throw NotFoundError("there is no step " + std::to_string(id));
    }
    return id;
  });
}

void send_event(Sink& sink, std::string_view kind, std::uint64_t id, const std::string& data) {
  std::string text = "id: " + std::to_string(id) + "\nevent: " + std::string(kind) + "\n";
  text += "data: " + data + "\n\n";
  sink.write(text);
}

/// Pieces as {"text": …} with the offset behind them as id, then "end".
ServerResponse follow_log(ApiCall& call, std::int64_t step) {
  std::uint64_t offset = 0;
  if (const auto begin = call.integer_parameter("offset")) {
    offset = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *begin));
  }
  if (const auto last = call.http.request.headers.get("Last-Event-ID"); !last.empty()) {
    offset = parse_number(last).value_or(0);
  }
  ServerResponse response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  StreamBody body;
  body.write = [&farm = call.farm(), step, offset, stop = call.http.stop,
                seat =
                    call.context.followers.take(call.identity.is_anonymous())](Sink& sink) mutable {
    while (!stop.stop_requested()) {
      const bool live = farm.logs().is_live(step);
      for (;;) {
        const auto piece = farm.logs().read(step, offset, kLogPiece);
        if (!piece || piece->empty()) break;
        offset += piece->size();
        send_event(sink, "log", offset,
                   nlohmann::json{{"text", *piece}}.dump(-1, ' ', false,
                                                         nlohmann::json::error_handler_t::replace));
      }
      if (!live) {
        send_event(sink, "end", offset, "{}");
        return;
      }
      const auto deadline = std::chrono::steady_clock::now() + kLogKeepAlive;
      if (!farm.logs().wait_for_more(step, offset, deadline, stop)) sink.write(": still here\n\n");
    }
  };
  response.body = std::move(body);
  return response;
}

ServerResponse get_log(ApiCall& call, bool of_build) {
  const auto step = step_with_log(call, of_build);
  const auto accepts = call.http.request.headers.list("Accept");
  if (accepts.find("text/event-stream") != std::string::npos) return follow_log(call, step);
  return plain_step_log(call, step, call.integer_parameter("tail"));
}

}  // namespace

void add_log_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/builds/{id}/log",
                [](ApiCall& call) { return get_log(call, true); });
  add_api_route(router, context, RequestMethod::get, "/api/v1/steps/{id}/log",
                [](ApiCall& call) { return get_log(call, false); });
}

}  // namespace grange
