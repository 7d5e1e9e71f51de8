#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/farm_client.h"
#include "command/interrupt.h"
#include "command/queue_text.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

struct QueueOptions {
  FarmClientOptions client;
  std::int64_t limit = 50;
  std::int64_t reasons = 10;
  bool json = false;
};

constexpr const char* kQueueFooter = R"(
What a farm has to make: how much of which jobset, then the builds in the order in which they were
asked for, and of the first ones why they wait.

Examples:
  grange queue
  grange queue --limit 1000 --reasons 0
  grange queue --json | jq '.builds[].label'

Exit codes:
  0 printed · 64 usage · 75 the server is not there · 77 not permitted)";

/// Why it waits, where somebody knows.
Json reason_of(FarmClient& client, const Json& build) {
  try {
    return client.get(fmt::format("/api/v1/builds/{}/waiting", build.at("id").get<std::int64_t>()));
  } catch (const Error& error) {
    const bool has_ended =
        error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::conflict;
    if (!has_ended) throw;
    return nullptr;
  }
}

int run_queue(const QueueOptions& options) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  FarmClient client(options.client, clock, interrupt.token());
  auto queue = client.get("/api/v1/queue", {{"limit", std::to_string(options.limit)}});
  try {
    std::int64_t asked = 0;
    for (auto& build : queue.at("builds")) {
      if (asked >= options.reasons) break;
      build["waiting"] = reason_of(client, build);
      ++asked;
    }
    const auto text = options.json ? queue.dump(2) + "\n" : queue_text(queue);
    std::fputs(text.c_str(), stdout);
  } catch (const Json::exception& error) {
    throw CorruptError(std::string("the server's answer is no queue: ") + error.what());
  }
  return kExitGood;
}

}  // namespace

void add_queue_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("queue", "What a farm has to make, and why it waits");
  const auto options = std::make_shared<QueueOptions>();
  add_farm_client_options(*command, options->client);
  command->add_option("--limit", options->limit, "Show so many builds")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}))
      ->capture_default_str();
  command->add_option("--reasons", options->reasons, "Of so many, say why they wait")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON, as the API has it");
  command->footer(kQueueFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_queue(*options); }; });
}

}  // namespace grange
