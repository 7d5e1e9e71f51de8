#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/command.h"
#include "command/farm_client.h"
#include "command/farm_wait.h"
#include "command/interrupt.h"

namespace grange {
namespace {

struct WaitOptions {
  FarmClientOptions client;
  std::vector<std::string> what;
  double timeout = 0;
};

constexpr const char* kWaitFooter = R"(
Waits until a build of a farm has ended, or an evaluation with all builds of its targets.

Examples:
  grange wait 17                          build 17
  grange wait evaluation 5
  grange wait --timeout 600 build 17

Exit codes:
  0 good · 1 the build failed, or some build of the evaluation is not good
  2 the build was not made: a dependency failed, no machine can make it, aborted or cancelled
  3 the evaluation failed, or has errors and no build that is not good
  64 usage · 65 malformed · 66 there is no such thing · 75 the time is over, or the server is not
  there · 77 not permitted · 130 interrupted)";

int run_wait(const WaitOptions& options) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  const auto& what = options.what;
  const bool is_build = what.size() == 1 || what.front() == "build";
  if (!is_build && what.front() != "evaluation") {
    throw InvalidError("specified build or evaluation, got '" + printable(what.front()) + "'");
  }
  const auto number = parse_farm_number(what.back());
  FarmClient client(options.client, clock, interrupt.token());
  std::optional<MonotonicTime> deadline;
  if (options.timeout > 0) {
    deadline = clock.monotonic() +
               std::chrono::duration_cast<MonotonicTime::duration>(Seconds(options.timeout));
  }
  const auto end = is_build ? wait_for_build(client, number, deadline)
                            : wait_for_evaluation(client, number, deadline);
  std::printf("%s\n", printable(end.words).c_str());
  return end.exit_code;
}

}  // namespace

void add_wait_command(CLI::App& parent, Action& chosen) {
  auto* command =
      parent.add_subcommand("wait", "Wait for a build or an evaluation of a farm; the code tells");
  const auto options = std::make_shared<WaitOptions>();
  add_farm_client_options(*command, options->client);
  command->add_option("what", options->what, "A build's number, or: evaluation NUMBER")
      ->type_name("[build|evaluation] NUMBER")
      ->required()
      ->expected(1, 2);
  command->add_option("--timeout", options->timeout, "Wait at most so long (0: for ever)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9));
  command->footer(kWaitFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_wait(*options); }; });
}

}  // namespace grange
