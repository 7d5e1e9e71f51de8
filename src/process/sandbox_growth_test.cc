// Store objects that a sandbox shows while its builder runs.

#include "process/sandbox_growth.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "process/launcher.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

using namespace test_launcher;

class SandboxGrowthTest : public testing::Test {
 protected:
  SandboxGrowthTest() {
    const auto store = area_.store();
    std::filesystem::create_directories(store / "more-dir");
    write_file(store / "more-dir/inner", "more\n");
    write_file(store / "more-file", "file\n");
    std::filesystem::create_symlink("more-dir/inner", store / "more-link");
  }

  LaunchSpec growing(const std::string& script) {
    auto spec = area_.sandboxed("await() { until [ -e $1 ]; do usleep 1000; done; }\n" + script);
    spec.sandbox->grows = true;
    return spec;
  }

  /// Shows \p names, then tells the builder, as who serves it would: a mount point is there before
  /// what is mounted on it, so a builder may not go by the name.
  void show_and_tell(LaunchedProcess& process, const std::vector<std::string>& names) {
    process.show(names);
    write_file(area_.path() / "build/shown", "");
  }

  SandboxArea area_;
  std::unique_ptr<Launcher> launcher_ = Launcher::start(launcher_config());
};

TEST_F(SandboxGrowthTest, ShowsReadOnlyWhatItIsAskedTo) {
  const auto spec = growing(
      "await /build/shown; cd /nix/store; ls -1\n"
      "cat more-dir/inner more-file more-link\n"
      "for place in more-dir/new more-file more-dir/inner; do\n"
      "  if (echo changed > $place) 2>/dev/null; then echo wrote $place; fi; done\n"
      "echo made > out");
  const auto process = launcher_->launch(spec);
  process->show({"more-dir", "more-file", "dir"});
  show_and_tell(*process, {"more-link", "more-dir"});
  const auto result = finish_step(*process);
  EXPECT_EQ(result.output, "dir\nfile\nlink\nmore-dir\nmore-file\nmore-link\nmore\nfile\nmore\n");
  EXPECT_EQ(read_file(spec.sandbox->root / "nix/store/out"), "made\n");
  EXPECT_FALSE(std::filesystem::exists(spec.sandbox->root / "nix/store/more-dir"));
  EXPECT_EQ(read_file(area_.store() / "more-dir/inner"), "more\n");
}

TEST_F(SandboxGrowthTest, MountPointsServeTheNextStep) {
  const auto pool = area_.path() / "mount-points";
  for (int round = 0; round < 2; ++round) {
    auto spec = growing("await /build/shown; cd /nix/store; cat more-dir/inner; ls -1");
    spec.sandbox->mount_points = pool;
    const auto process = launcher_->launch(spec);
    show_and_tell(*process, {"more-dir"});
    EXPECT_EQ(finish_step(*process).output, "more\ndir\nfile\nlink\nmore-dir\n");
    std::filesystem::remove(area_.path() / "build/shown");
  }
  auto spec = area_.sandboxed("ls -1 /nix/store");
  spec.sandbox->mount_points = pool;
  EXPECT_EQ(run_step(*launcher_, spec).output, "dir\nfile\nlink\n");
}

TEST_F(SandboxGrowthTest, FollowsNothingThatTheBuilderMakes) {
  const auto outside = area_.path() / "outside";
  std::filesystem::create_directories(outside);
  auto spec = growing(
      "cd /nix/store; ln -s /build more-dir; ln -s " + outside.string() +
      " more-file; echo ready > /build/ready; await /nix/store/more-link; readlink more-dir");
  const auto process = launcher_->launch(spec);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(area_.path() / "build/ready"); }));
  EXPECT_THROW(process->show({"more-dir"}), ConflictError);
  EXPECT_THROW(process->show({"more-file"}), ConflictError);
  process->show({"more-link", "link"});
  process->kill();
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST_F(SandboxGrowthTest, OnlyObjectsOfTheStoreAndOnlyWhileItRuns) {
  const auto process = launcher_->launch(growing("await /nix/store/more-dir; sleep 100"));
  EXPECT_THROW(process->show({"gone"}), NotFoundError);
  EXPECT_THROW(process->show({"../build"}), InvalidError);
  EXPECT_THROW(process->show({".."}), InvalidError);
  process->show({"more-dir"});
  process->show({});
  process->kill();
  EXPECT_THROW(process->show({"more-file"}), CancelledError);
  const auto fixed = launcher_->launch(area_.sandboxed("sleep 100"));
  EXPECT_THROW(fixed->show({"more-file"}), CancelledError);
}

TEST_F(SandboxGrowthTest, ManyAtOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) {
    names.push_back("0123456789abcdfghijklmnpqrsvwxyz-" + std::string(180, 'n') +
                    std::to_string(i));
    write_file(area_.store() / names.back(), std::to_string(i));
  }
  const auto process = launcher_->launch(growing("await /build/shown; cat /nix/store/*199"));
  show_and_tell(*process, names);
  EXPECT_EQ(finish_step(*process).output, "199");
}

TEST_F(SandboxGrowthTest, WithoutASandboxThereIsNothingToShow) {
  auto spec = busybox_script("true");
  spec.identity = builder_ids();
  launcher_->launch(spec)->show({"anything"});
}

}  // namespace
}  // namespace grange
