#include "command/serve_options.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

TEST(ServeOptions, TakeFromTheFileWhatTheCommandLineDoesNotSay) {
  FarmFile file;
  file.server.listen = "127.0.0.1:1";
  file.server.state = "/state";
  file.server.evaluations = 7;
  file.build.jobs = 5;
  file.build.sandbox = "relaxed";
  file.build.max_log = 3;
  file.build.substituters = {{"https://cache.example.org"}};
  file.server.daemon_socket = "none";
  file.server.daemon_shares = 12;
  file.evaluate.workers = 3;
  file.evaluate.max_memory = 100;
  file.evaluate.timeout = 50;
  ServeOptions options;
  options.listen = "127.0.0.1:2";
  options.workshop.jobs = 1;
  take_farm_file(file, {"--listen", "--jobs"}, options);
  EXPECT_EQ(options.listen, "127.0.0.1:2");
  EXPECT_EQ(options.workshop.jobs, 1U);
  EXPECT_EQ(options.state, "/state");
  EXPECT_EQ(options.evaluations, 7U);
  EXPECT_TRUE(options.workshop.relaxed_sandbox);
  EXPECT_FALSE(options.workshop.no_sandbox);
  EXPECT_EQ(options.workshop.max_log_mib, 3U);
  EXPECT_EQ(options.workshop.substituters.size(), 1U);
  EXPECT_EQ(options.evaluator.workers, 3U);
  EXPECT_EQ(options.evaluator.max_memory_mib, 100U);
  EXPECT_EQ(options.evaluation_timeout, 50);
  EXPECT_EQ(options.daemon_socket, "none");
  EXPECT_EQ(options.daemon_shares, 12U);

  ServeOptions limits;
  take_farm_file(file, {"--evaluators", "--evaluator-memory", "--evaluation-timeout"}, limits);
  EXPECT_EQ(limits.evaluator.workers, ServeOptions().evaluator.workers);
  EXPECT_EQ(limits.evaluator.max_memory_mib, ServeOptions().evaluator.max_memory_mib);
  EXPECT_EQ(limits.evaluation_timeout, ServeOptions().evaluation_timeout);

  ServeOptions given;
  given.workshop.no_sandbox = true;
  take_farm_file(file, {"--no-sandbox"}, given);
  EXPECT_TRUE(given.workshop.no_sandbox);
  EXPECT_FALSE(given.workshop.relaxed_sandbox);
}

TEST(ServeOptions, AFileThatSaysNothingChangesNothing) {
  ServeOptions options;
  options.workshop.no_sandbox = true;
  take_farm_file({}, {"--no-sandbox"}, options);
  EXPECT_TRUE(options.workshop.no_sandbox);
  EXPECT_EQ(options.listen, ServeOptions().listen);
  EXPECT_EQ(options.evaluations, ServeOptions().evaluations);
  EXPECT_FALSE(options.workshop.jobs);
}

TEST(ServeOptions, LifetimesAndSecretsAreTheFiles) {
  FarmFile file;
  file.failure_lifetimes = {{Outcome::failed, Seconds(5)}, {Outcome::timed_out, std::nullopt}};
  FailureLifetimes lifetimes;
  take_failure_lifetimes(file, lifetimes);
  const TimePoint ended{};
  EXPECT_EQ(lifetimes.believed_until(Outcome::failed, ended), ended + std::chrono::seconds(5));
  EXPECT_FALSE(lifetimes.believed_until(Outcome::timed_out, ended));
  EXPECT_EQ(lifetimes.believed_until(Outcome::hash_mismatch, ended),
            FailureLifetimes().believed_until(Outcome::hash_mismatch, ended));

  const TemporaryDirectory directory;
  write_file(directory.path() / "secret", "swordfish\n");
  file.webhooks = {{"github", directory.path() / "secret"}};
  file.server.database_file = directory.path() / "secret";
  ASSERT_EQ(read_webhooks(file).size(), 1U);
  EXPECT_EQ(read_webhooks(file)[0].secret, "swordfish");
  ServeOptions options;
  take_farm_file(file, {}, options);
  EXPECT_EQ(options.database, "swordfish");
  file.webhooks[0].file = directory.path() / "none";
  EXPECT_THROW(read_webhooks(file), NotFoundError);
}

}  // namespace
}  // namespace grange
