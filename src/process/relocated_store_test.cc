#include "process/relocated_store.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using namespace test_launcher;

/// A store that stands elsewhere than where its paths say.
class RelocatedStoreTest : public testing::Test {
 protected:
  void start(const fs::path& store_dir) {
    auto config = launcher_config();
    config.store_dir = store_dir;
    config.physical_store = area_.store();
    launcher_ = Launcher::start(config);
  }
  StepResult run(const std::string& script) { return run_step(*launcher_, busybox_script(script)); }

  SandboxArea area_;
  std::unique_ptr<Launcher> launcher_;
};

TEST_F(RelocatedStoreTest, StandsWhereTheHostHasNoSuchDirectory) {
  ASSERT_FALSE(fs::exists("/grange-test-logical"));
  start("/grange-test-logical/store");
  const auto result =
      run("cat /grange-test-logical/store/dir/inner; echo made > /grange-test-logical/store/made; "
          "ls / | sort");
  ASSERT_TRUE(result.status.success()) << result.output;
  EXPECT_TRUE(result.output.starts_with("inner\n")) << result.output;
  EXPECT_NE(result.output.find("\netc\n"), std::string::npos);
  EXPECT_EQ(result.output.find("grange-host"), std::string::npos) << result.output;
  EXPECT_EQ(read_file(area_.store() / "made"), "made\n");
  EXPECT_FALSE(fs::exists("/grange-test-logical"));
}

TEST_F(RelocatedStoreTest, StandsInADirectoryThatTheHostHas) {
  start("/etc/grange-test-logical/store");
  const auto result = run(
      "cat /etc/grange-test-logical/store/file; cat /etc/passwd; echo x > /etc/grange-test-new");
  EXPECT_TRUE(result.output.starts_with("file\n" + read_file("/etc/passwd"))) << result.output;
  EXPECT_FALSE(result.status.success());  // the directory of ours would lose it
  EXPECT_FALSE(fs::exists("/etc/grange-test-logical"));
  EXPECT_FALSE(fs::exists("/etc/grange-test-new"));
}

TEST_F(RelocatedStoreTest, CoversAHostDirectoryOfTheSameName) {
  start("/usr/lib");
  const auto result = run("ls /usr/lib");
  EXPECT_NE(result.output.find("dir"), std::string::npos);
  EXPECT_EQ(result.output.find("os-release"), std::string::npos) << result.output;
}

TEST_F(RelocatedStoreTest, KeepsTheCallersIdsAndGivesNoPrivileges) {
  start("/grange-test-logical/store");
  const auto result = run("id -u; id -g; grep CapEff /proc/self/status");
  const auto ids = std::to_string(::geteuid()) + "\n" + std::to_string(::getegid()) + "\n";
  EXPECT_TRUE(result.output.starts_with(ids)) << result.output;
  if (::geteuid() != 0) {
    EXPECT_NE(result.output.find("CapEff:\t0000000000000000"), std::string::npos) << result.output;
  }
}

TEST_F(RelocatedStoreTest, SandboxesWorkInIt) {
  start("/grange-test-logical/store");
  auto spec = area_.sandboxed(
      "cat /grange-test-logical/store/*; "
      "cat /sh; echo made > /grange-test-logical/store/out");
  spec.sandbox->store_dir = "/grange-test-logical/store";
  spec.sandbox->store_objects = {"file"};
  // A source below the logical store is one of the physical store.
  spec.sandbox->paths.push_back(SandboxPath::parse("/sh=/grange-test-logical/store/dir/inner"));
  const auto result = run_step(*launcher_, spec);
  EXPECT_EQ(result.output, "file\ninner\n");
  EXPECT_EQ(read_file(spec.sandbox->root / "grange-test-logical/store/out"), "made\n");
}

TEST_F(RelocatedStoreTest, AMissingPhysicalStoreIsAnError) {
  fs::remove_all(area_.store());
  EXPECT_THROW(start("/grange-test-logical/store"), NotFoundError);
}

TEST_F(RelocatedStoreTest, AKernelThatForbidsNamespacesIsExplainedOnce) {
  // A launcher without privileges in a user namespace that allows no further ones.
  const fs::path wrapper = area_.path() / "launcher";
  write_file(wrapper,
             "#!/bin/sh\n"
             "exec unshare --user --map-current-user --keep-caps sh -c '\n"
             "  echo 0 > /proc/sys/user/max_user_namespaces || exit 9\n"
             "  exec setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all \"$0\"' '" +
                 launcher_config().program.string() + "'\n",
             Durability::atomic, 0755);
  auto config = launcher_config();
  config.store_dir = "/grange-test-logical/store";
  config.physical_store = area_.store();
  config.program = wrapper;
  try {
    Launcher::start(config);
    FAIL() << "started without namespaces";
  } catch (const UnavailableError& error) {
    GTEST_SKIP() << "cannot limit namespaces here: " << error.what();
  } catch (const DeniedError& error) {
    const std::string message = error.what();
    for (const char* part : {"/grange-test-logical/store", "user.max_user_namespaces is 0",
                             "sysctl", "as root", "--no-sandbox"}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
  // Where no namespace is needed, steps still run; a sandboxed one says why it does not.
  config.store_dir.clear();
  config.physical_store.clear();
  launcher_ = Launcher::start(config);
  EXPECT_EQ(run("echo fine").output, "fine\n");
  auto spec = area_.sandboxed("true");
  spec.sandbox->outside.reset();
  EXPECT_THROW(run_step(*launcher_, spec), DeniedError);
}

}  // namespace
}  // namespace grange
