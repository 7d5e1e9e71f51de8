#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/admin_place.h"
#include "command/exit_code.h"
#include "command/farm_wait.h"
#include "command/interrupt.h"

namespace grange {
namespace {

struct AdminQueueOptions {
  FarmClientOptions client;
  std::vector<std::string> builds;
};

constexpr const char* kAdminQueueFooter = R"(
Asks a server, which keeps the queue: --server, else $GRANGE_SERVER, else http://127.0.0.1:3000.
restart makes finished builds again, with what they failed through; bump puts builds before all
others. A build that is refused does not hinder the others.

Examples:
  grange admin queue cancel 17 18 --token-file token
  grange admin queue restart 17
  grange admin queue bump 17

Exit codes:
  0 done · 64 usage · 65 malformed · 66 no such build · 75 the server is not there
  77 not permitted; of several that went wrong, the code of the last one)";

/// Of each build by itself: one that is refused is said, and the next one tried.
int act_on_builds(const AdminQueueOptions& options, const char* verb) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  FarmClient client(options.client, clock, interrupt.token());
  std::vector<std::int64_t> builds;
  for (const auto& text : options.builds) builds.push_back(parse_farm_number(text));
  int code = kExitGood;
  for (const auto build : builds) {
    try {
      client.send("POST", fmt::format("/api/v1/builds/{}/{}", build, verb), nullptr);
      print_admin_line(fmt::format("build {}: {}", build, verb));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::cancelled) throw;
      std::fprintf(stderr, "grange: build %lld: %s\n", static_cast<long long>(build),
                   printable(error.message()).c_str());
      code = exit_code_of(error.kind());
    }
  }
  return code;
}

}  // namespace

void add_admin_queue_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("queue", "Builds in the queue of a server");
  command->require_subcommand(1);
  command->footer(kAdminQueueFooter);
  const auto options = std::make_shared<AdminQueueOptions>();
  const auto add = [&](const char* verb, const char* about) {
    auto* part = command->add_subcommand(verb, about);
    add_farm_client_options(*part, options->client);
    part->add_option("build", options->builds, "Their numbers")->type_name("BUILD")->required();
    part->footer(kAdminQueueFooter);
    part->callback([options, verb, &chosen] {
      chosen = [options, verb] { return act_on_builds(*options, verb); };
    });
  };
  add("cancel", "End builds that are not finished");
  add("restart", "Make finished builds again");
  add("bump", "Before all others");
}

}  // namespace grange
