#include "farm/git_program.h"

#include <algorithm>
#include <array>

#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr Seconds kPatience{120};
constexpr std::size_t kLongestMessage = 2000;

/// What `git rev-parse --local-env-vars` names, but for configuration: a hook that starts us has
/// them set to its own repository. And what makes git talk or run programs.
constexpr std::array<std::string_view, 19> kDropped = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_NOTES_REF",
    "GIT_EXTERNAL_DIFF",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_DEFAULT_HASH",
    "GIT_REF_PARANOIA",
};

bool is_dropped(std::string_view variable) {
  const auto name = variable.substr(0, variable.find('='));
  if (name.starts_with("GIT_TRACE") || name.starts_with("LC_") || name == "LANGUAGE") return true;
  return std::find(kDropped.begin(), kDropped.end(), name) != kDropped.end();
}

/// git's own words without the hints, on one line.
std::string git_message(const ProgramOutput& output) {
  std::string text = printable(trim(output.standard_error.substr(0, kLongestMessage)));
  text = replace_all(text, "\n", "; ");
  return text.empty() ? "it said nothing" : text;
}

}  // namespace

std::vector<std::string> git_environment() {
  std::vector<std::string> environment;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    if (!is_dropped(*variable)) environment.emplace_back(*variable);
  }
  // The names are those of the notes' commits, which nobody but this program writes.
  for (const auto* setting :
       {"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_PAGER=cat", "GIT_ASKPASS=true",
        "GIT_NO_REPLACE_OBJECTS=1", "GIT_AUTHOR_NAME=Grange", "GIT_AUTHOR_EMAIL=grange@localhost",
        "GIT_COMMITTER_NAME=Grange", "GIT_COMMITTER_EMAIL=grange@localhost", "LC_ALL=C"}) {
    const std::string_view name(setting, std::string_view(setting).find('=') + 1);
    std::erase_if(environment, [&](const std::string& v) { return v.starts_with(name); });
    environment.emplace_back(setting);
  }
  return environment;
}

GitProgram::GitProgram(ProcessRunner& runner, std::filesystem::path directory, std::stop_token stop)
    : runner_(&runner), directory_(std::move(directory)), stop_(std::move(stop)) {}

ProgramOutput GitProgram::try_run(std::vector<std::string> arguments,
                                  std::string_view input) const {
  SpawnOptions options;
  options.arguments = {
      "git", "--no-pager",          "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
      "-c",  "core.quotePath=false"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.environment = git_environment();
  options.working_directory = directory_;
  RunLimits limits;
  limits.timeout = kPatience;
  auto output = with_context(
      [&] {
        return "while running 'git " + arguments.front() + "' in '" + directory_.string() + "'";
      },
      [&] { return runner_->run(options, input, limits, stop_); });
  if (!output.status.success() &&
      output.standard_error.find("dubious ownership") != std::string::npos) {
    throw DeniedError("git does not read the repository of '" + directory_.string() +
                      "', because another user owns it; if you trust it: git config --global --add "
                      "safe.directory TOP, where TOP is its top level");
  }
  return output;
}

std::string GitProgram::run(std::vector<std::string> arguments, std::string_view input) const {
  auto output = try_run(arguments, input);
  if (!output.status.success()) fail(arguments, output);
  return std::move(output.standard_output);
}

bool GitProgram::ask(std::vector<std::string> arguments) const {
  const auto output = try_run(arguments);
  if (output.status.success()) return true;
  if (output.status.signal == 0 && output.status.code == 1) return false;
  fail(arguments, output);
}

void GitProgram::fail(const std::vector<std::string>& arguments,
                      const ProgramOutput& output) const {
  throw UnavailableError("'git " + arguments.front() + "' in '" + directory_.string() +
                         "' ended with " + output.status.to_string() + ": " + git_message(output));
}

}  // namespace grange
