#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"
#include "farm/commit_id.h"
#include "farm/git_repository.h"

namespace grange {

/// A real repository in a temporary directory. Commits are a minute apart, from 2001-09-09.
class TestRepository {
 public:
  TestRepository() { git({"init", "--quiet", "--initial-branch=main", "."}); }

  const std::filesystem::path& path() const { return directory_.path(); }

  /// What git prints, trimmed; a test fails where git does.
  std::string git(std::vector<std::string> arguments) {
    SpawnOptions options;
    options.arguments = {"git", "-c", "user.name=t", "-c", "user.email=t@example.org"};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.working_directory = path();
    options.environment = git_environment();
    const std::string date = std::to_string(1'000'000'000 + 60 * commits_) + " +0000";
    options.environment->push_back("GIT_AUTHOR_DATE=" + date);
    options.environment->push_back("GIT_COMMITTER_DATE=" + date);
    const auto output = runner.run(options, "", {}, {});
    EXPECT_TRUE(output.status.success()) << join(arguments, " ") << ": " << output.standard_error;
    return std::string(trim(output.standard_output));
  }

  void write(const std::string& file, const std::string& text) { write_file(path() / file, text); }

  /// Commits everything, with `file` changed.
  CommitId commit(const std::string& file) {
    write(file, "commit " + std::to_string(++commits_) + "\n");
    git({"add", "--all"});
    git({"commit", "--quiet", "--message=" + file});
    return head();
  }
  CommitId merge(const std::string& other) {
    ++commits_;
    git({"merge", "--quiet", "--no-ff", "--message=merge", other});
    return head();
  }
  CommitId head() { return CommitId::parse(git({"rev-parse", "HEAD"})); }

  GitRepository open() {
    auto repository = GitRepository::find(path(), runner, {});
    EXPECT_TRUE(repository);
    return *std::move(repository);
  }

  SystemProcessRunner runner;

 private:
  TemporaryDirectory directory_;
  int commits_ = 0;
};

/// Answers every call with the same, and keeps what it was asked.
class FakeRunner final : public ProcessRunner {
 public:
  ProgramOutput run(const SpawnOptions& options, std::string_view, const RunLimits& limits,
                    std::stop_token) override {
    asked.push_back(options);
    timeouts.push_back(limits.timeout);
    return answer;
  }

  ProgramOutput answer;
  std::vector<SpawnOptions> asked;
  std::vector<Seconds> timeouts;
};

}  // namespace grange
