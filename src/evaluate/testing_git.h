#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "evaluate/fetch_space.h"
#include "evaluate/known_trees.h"
#include "process/process.h"
#include "store/local_store.h"

namespace grange {

/// A directory that everybody may enter, as the programs that fetch have another identity (tests).
class OpenDirectory {
 public:
  OpenDirectory() { ::chmod(directory_.path().c_str(), 0755); }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

/// A real repository with a work tree (tests). Commits are a minute apart, from 2001-09-09.
class GitWorkTree {
 public:
  explicit GitWorkTree(std::filesystem::path path) : path_(std::move(path)) {
    grange::create_directories(path_);
    git({"init", "--quiet", "--initial-branch=main", "."});
  }

  const std::filesystem::path& path() const { return path_; }

  /// What git prints, trimmed; a test fails where git does.
  std::string git(std::vector<std::string> arguments) {
    SpawnOptions options;
    options.arguments = {"git",
                         "-c",
                         "user.name=A. Uthor",
                         "-c",
                         "user.email=a@example.org",
                         "-c",
                         "protocol.file.allow=always"};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.working_directory = path_;
    const std::string date = std::to_string(1'000'000'000 + 60 * commits_) + " +0000";
    options.environment = {"PATH=/usr/local/bin:/usr/bin:/bin",
                           "HOME=/",
                           "LC_ALL=C",
                           "GIT_CONFIG_GLOBAL=/dev/null",
                           "GIT_AUTHOR_DATE=" + date,
                           "GIT_COMMITTER_DATE=" + date};
    SystemProcessRunner runner;
    const auto output = runner.run(options, "", {}, {});
    EXPECT_TRUE(output.status.success()) << join(arguments, " ") << ": " << output.standard_error;
    return std::string(trim(output.standard_output));
  }

  void write(const std::string& file, std::string_view text) {
    grange::create_directories((path_ / file).parent_path());
    write_file(path_ / file, text);
  }
  /// Commits everything.
  std::string commit(const std::string& message) {
    ++commits_;
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "--message=" + message});
    return git({"rev-parse", "HEAD"});
  }

 private:
  std::filesystem::path path_;
  int commits_ = 0;
};

/// A fetch space and an eval store of their own (tests).
class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    fetch.state = area.path() / "state";
    fetch.launcher = std::filesystem::path(GRANGE_BINARY_DIR) / "grange-launcher";
    fetch.timeout = Seconds(60);
  }

  LocalStore& store() {
    if (!store_) {
      grange::create_directories(area.path() / "eval");
      LocalStoreOptions options;
      options.fast_metadata = true;
      store_ = LocalStore::open(StoreLocation::at_root(area.path() / "eval"), options);
    }
    return *store_;
  }
  std::string file_in(const StorePath& path, const std::string& name) {
    return read_file(store().real_path(path) / name);
  }

  OpenDirectory area;
  SystemClock clock;
  SystemProcessRunner runner;
  FetchOptions fetch;

 private:
  std::unique_ptr<LocalStore> store_;
};

/// What an action throws; empty when nothing.
template <typename ErrorType, typename Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const ErrorType& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
  }
  return {};
}

}  // namespace grange
