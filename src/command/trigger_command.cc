#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/farm_client.h"
#include "command/farm_wait.h"
#include "command/interrupt.h"

namespace grange {
namespace {

struct TriggerOptions {
  FarmClientOptions client;
  std::vector<std::string> jobsets;
  bool force = false;
  bool wait = false;
  double timeout = 0;
};

constexpr const char* kTriggerFooter = R"(
Asks a farm to evaluate jobsets now. One that is off is evaluated only with --force, which also
evaluates where no input has changed. With --wait the evaluations that this gives are waited for, and
all builds of their targets; the code is the worst one.

Examples:
  grange trigger hello:main
  grange trigger --force --wait --timeout 3600 hello:main hello:next

Exit codes:
  0 asked for; with --wait: all good, or nothing is new
  1 with --wait: some build is not good · 3 with --wait: an evaluation failed or has errors
  64 usage · 65 refused as malformed · 66 no such jobset · 75 it is off, or the server is not there,
  or the time is over · 77 not permitted)";

int run_trigger(const TriggerOptions& options) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  FarmClient client(options.client, clock, interrupt.token());
  std::optional<MonotonicTime> deadline;
  if (options.timeout > 0) {
    deadline = clock.monotonic() +
               std::chrono::duration_cast<MonotonicTime::duration>(Seconds(options.timeout));
  }
  std::vector<JobsetArgument> jobsets;
  for (const auto& text : options.jobsets) jobsets.push_back(JobsetArgument::parse(text));
  std::vector<std::int64_t> newest;
  for (const auto& [project, jobset] : jobsets) {
    newest.push_back(options.wait ? newest_evaluation(client, project, jobset) : 0);
    FarmClient::Query query;
    if (options.force) query.push_back({"force", "true"});
    client.send("POST", jobset_path(project, jobset) + "/evaluate", nullptr, query);
    std::printf("%s:%s: asked for\n", printable(project).c_str(), printable(jobset).c_str());
    std::fflush(stdout);
  }
  int worst = kExitGood;
  for (std::size_t i = 0; options.wait && i < jobsets.size(); ++i) {
    const auto end =
        wait_for_jobset(client, jobsets[i].project, jobsets[i].jobset, newest[i], deadline);
    std::printf("%s\n", printable(end.words).c_str());
    std::fflush(stdout);
    worst = std::max(worst, end.exit_code);
  }
  return worst;
}

}  // namespace

void add_trigger_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("trigger", "Ask a farm to evaluate jobsets now");
  const auto options = std::make_shared<TriggerOptions>();
  add_farm_client_options(*command, options->client);
  command->add_option("jobset", options->jobsets, "What to evaluate")
      ->type_name("PROJECT:JOBSET")
      ->required();
  command->add_flag("--force", options->force,
                    "Also where the jobset is off, or no input has changed");
  auto* wait = command->add_flag("--wait", options->wait, "Wait for the builds, too");
  command->add_option("--timeout", options->timeout, "Wait at most so long (0: for ever)")
      ->type_name("SECONDS")
      ->needs(wait)
      ->check(CLI::Range(0.0, 1e9));
  command->footer(kTriggerFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_trigger(*options); }; });
}

}  // namespace grange
