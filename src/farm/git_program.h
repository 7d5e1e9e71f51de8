#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "process/process.h"

namespace grange {

/// The `git` program in one directory, called so that nothing of the repository's or the caller's
/// settings makes it ask, wait, page, or run something else: no prompts, no optional locks, no
/// hooks, no file system monitor, no replaced objects, no variables that name another repository,
/// messages in English. Each call has a deadline and a bound on what it may print.
///
/// Whoever passes a text that a user wrote puts "--end-of-options" or "--" before it.
class GitProgram {
 public:
  GitProgram(ProcessRunner& runner, std::filesystem::path directory, std::stop_token stop);

  const std::filesystem::path& directory() const noexcept { return directory_; }

  /// Whatever it ended with. Throws what ProcessRunner::run does, with the call as context, and
  /// DeniedError when git does not trust the repository's owner, saying what to do.
  ProgramOutput try_run(std::vector<std::string> arguments, std::string_view input = {}) const;
  /// Its output; throws UnavailableError with what git said for any exit code but 0.
  std::string run(std::vector<std::string> arguments, std::string_view input = {}) const;
  /// For git's questions: exit code 0 is yes, 1 is no; throws as `run` does for others.
  bool ask(std::vector<std::string> arguments) const;

 private:
  [[noreturn]] void fail(const std::vector<std::string>& arguments,
                         const ProgramOutput& output) const;

  ProcessRunner* runner_;
  std::filesystem::path directory_;
  std::stop_token stop_;
};

/// This process's environment as git gets it.
std::vector<std::string> git_environment();

}  // namespace grange
