#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/farm_client.h"
#include "command/farm_wait.h"
#include "command/interrupt.h"

namespace grange {
namespace {

struct LogsOptions {
  FarmClientOptions client;
  std::string build;
  bool follow = false;
  bool step = false;
  std::int64_t tail = 0;
};

constexpr const char* kLogsFooter = R"(
Prints the log of a build as the builder wrote it; with -f from its begin on and then as it comes,
until it ends. The log of a build is that of the last step that made its own derivation.

Examples:
  grange logs 17
  grange logs -f 17
  grange logs --tail 50 --step 1234

Exit codes:
  0 printed · 64 usage · 65 malformed · 66 there is no such build, or nothing was made for it
  75 the server is not there · 77 not permitted · 130 interrupted)";

int run_logs(const LogsOptions& options) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  const auto number = parse_farm_number(options.build);
  FarmClient client(options.client, clock, interrupt.token());
  const auto path = fmt::format("/api/v1/{}/{}/log", options.step ? "steps" : "builds", number);
  FdSink out(STDOUT_FILENO);
  if (!options.follow) {
    FarmClient::Query query;
    if (options.tail > 0) query.push_back({"tail", std::to_string(options.tail)});
    client.download(path, out, query);
    return kExitGood;
  }
  client.follow(path, {}, [&](const std::vector<ServerEvent>& events) {
    for (const auto& event : events) {
      if (event.kind == "end") return true;
      if (event.kind != "log") continue;
      const auto data = nlohmann::json::parse(event.data, nullptr, false);
      if (!data.is_object() || !data.contains("text") || !data["text"].is_string()) {
        throw CorruptError("the server sent a piece of the log that has no text");
      }
      out.write(data["text"].get_ref<const std::string&>());
    }
    return false;
  });
  return kExitGood;
}

}  // namespace

void add_logs_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("logs", "Print the log of a build of a farm");
  const auto options = std::make_shared<LogsOptions>();
  add_farm_client_options(*command, options->client);
  command->add_option("build", options->build, "Its number")->type_name("NUMBER")->required();
  auto* follow = command->add_flag("-f,--follow", options->follow, "Go on until it ends");
  command->add_flag("--step", options->step, "The number is that of a step");
  command->add_option("--tail", options->tail, "Only its last lines")
      ->type_name("LINES")
      ->excludes(follow)
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->footer(kLogsFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_logs(*options); }; });
}

}  // namespace grange
