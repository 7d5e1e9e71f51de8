#include "process/confinement.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "process/process.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

class ConfinementTest : public testing::Test {
 protected:
  ConfinementTest() { confinement_.launcher = test_launcher::launcher_config().program; }

  ProgramOutput run_shell(const std::string& script) {
    SpawnOptions options;
    options.arguments = confined_arguments(confinement_, {"sh", "-c", script});
    SystemProcessRunner runner;
    return runner.run(options, "", {}, {});
  }

  Confinement confinement_;
};

TEST_F(ConfinementTest, KeepsWhatIsNotConfined) {
  const auto output = run_shell("echo out; echo err >&2; id -u; exit 3");
  EXPECT_EQ(output.status.code, 3);
  EXPECT_EQ(output.standard_output, "out\n" + std::to_string(::geteuid()) + "\n");
  EXPECT_EQ(output.standard_error, "err\n");
}

TEST_F(ConfinementTest, HasAnotherIdentityWithoutGroups) {
  confinement_.identity = test_launcher::builder_ids();
  if (!confinement_.identity) GTEST_SKIP() << "only root can give a tool another identity";
  const auto id = std::to_string(confinement_.identity->first);
  EXPECT_EQ(run_shell("id -u; id -g; id -G").standard_output, id + "\n" + id + "\n" + id + "\n");
  EXPECT_NE(run_shell("cat /etc/shadow").status.code, 0);
}

TEST_F(ConfinementTest, BoundsFiles) {
  const TemporaryDirectory directory;
  confinement_.largest_file = 1000;
  const auto file = directory.path() / "file";
  EXPECT_FALSE(run_shell("head -c 5000 /dev/zero > '" + file.string() + "'").status.success());
  EXPECT_LE(std::filesystem::file_size(file), 1000U);
}

TEST_F(ConfinementTest, GainsNoPrivileges) {
  EXPECT_EQ(trim(run_shell("grep NoNewPrivs /proc/self/status").standard_output), "NoNewPrivs:\t1");
}

TEST_F(ConfinementTest, SaysWhenThereIsNoSuchProgram) {
  SpawnOptions options;
  options.arguments = confined_arguments(confinement_, {"grange-no-such-program"});
  SystemProcessRunner runner;
  const auto output = runner.run(options, "", {}, {});
  EXPECT_EQ(output.status.code, kNoSuchProgram);
  EXPECT_NE(output.standard_error.find("grange-no-such-program"), std::string::npos);
}

}  // namespace
}  // namespace grange
