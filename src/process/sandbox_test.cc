// What a sandboxed builder sees and what comes of it; escape_test.cc has what it must not reach.

#include <algorithm>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "process/launcher.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using namespace test_launcher;

class SandboxTest : public testing::Test {
 protected:
  StepResult run(const LaunchSpec& spec) { return run_step(*launcher_, spec); }
  std::string output(const std::string& script) {
    const auto result = run(area_.sandboxed(script));
    EXPECT_TRUE(result.status.success()) << result.output;
    return result.output;
  }
  static std::set<std::string> names_in(const fs::path& directory) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  SandboxArea area_;
  std::unique_ptr<Launcher> launcher_ = Launcher::start(launcher_config());
};

TEST_F(SandboxTest, LooksAsNixMakesIt) {
  EXPECT_EQ(output("cat /etc/passwd"),
            "root:x:0:0:Nix build user:/build:/noshell\n"
            "nixbld:x:1000:100:Nix build user:/build:/noshell\n"
            "nobody:x:65534:65534:Nobody:/:/noshell\n");
  EXPECT_EQ(output("cat /etc/group"), "root:x:0:\nnixbld:!:100:\nnogroup:x:65534:\n");
  EXPECT_EQ(output("cat /etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n");
  EXPECT_EQ(output("ls -1A /"), "bin\nbuild\ndev\netc\nnix\nproc\ntmp\n");
  EXPECT_EQ(output("ls -1A /dev"),
            "fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
  EXPECT_EQ(output("id -u; id -g; hostname; cat /proc/sys/kernel/domainname"),
            "1000\n100\nlocalhost\n(none)\n");
  EXPECT_EQ(output("stat -c %a /tmp /build /nix/store; pwd; umask; ulimit -c"),
            "1777\n755\n1775\n/build\n0022\n0\n");
  EXPECT_EQ(
      output("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | grep -v 0000000000000000"),
      "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST_F(SandboxTest, ShowsOnlyTheClosureReadOnly) {
  write_file(area_.store() / "other", "not an input");
  EXPECT_EQ(output("cd /nix/store; ls -1A; cat dir/inner file link"),
            "dir\nfile\nlink\ninner\nfile\ninner\n");
  EXPECT_EQ(output("cd /nix/store; readlink link; "
                   "for f in dir/new dir/inner file; do "
                   "  (echo changed > $f) 2>/dev/null && echo wrote $f; done; "
                   "chmod 777 dir 2>/dev/null && echo chmod; rm -rf dir file 2>/dev/null; "
                   "touch /new /etc/new /bin/new 2>/dev/null && echo wrote; cat file"),
            "dir/inner\nfile\n");
  EXPECT_EQ(read_file(area_.store() / "file"), "file\n");
}

TEST_F(SandboxTest, DevicesAndPtysWork) {
  EXPECT_EQ(output("head -c 2 /dev/zero | wc -c; echo x > /dev/null; echo out > /dev/stdout; "
                   "echo err > /dev/stderr; echo x > /dev/full || echo full"),
            "2\nout\nerr\nsh: write error: No space left on device\nfull\n");
  // Ptys of its own, numbered from 0, and not the one that its output goes to.
  EXPECT_EQ(output("exec 5<>/dev/ptmx && ls -1 /dev/pts; echo shared > /dev/shm/x; cat /dev/shm/x"),
            "0\nptmx\nshared\n");
}

TEST_F(SandboxTest, OutputsStayInTheRootAndNothingElseDoes) {
  const auto spec = area_.sandboxed(
      "mkdir -p /nix/store/out/bin; echo hello > /nix/store/out/bin/hello; chmod -R a-w "
      "/nix/store/out; echo doc > /nix/store/doc; ln -s out /nix/store/symlink; touch /tmp/t");
  EXPECT_TRUE(run(spec).status.success());
  const fs::path made = spec.sandbox->root / "nix/store";
  EXPECT_EQ(names_in(made), (std::set<std::string>{"doc", "out", "symlink"}));
  EXPECT_EQ(read_file(made / "out/bin/hello"), "hello\n");
  EXPECT_EQ(fs::read_symlink(made / "symlink"), "out");
  struct stat status {};
  ASSERT_EQ(::stat((made / "out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0555U);
  if (const auto ids = builder_ids()) {
    EXPECT_EQ(status.st_uid, ids->first);
  }
}

TEST_F(SandboxTest, MountPointsAreUsedAgainWhateverTheNextStepNeeds) {
  fs::create_directories(area_.store() / "second");
  write_file(area_.store() / "third", "third\n");
  const fs::path pool = area_.path() / "pool";
  // Names change kinds: a directory's mount point must not serve a file.
  const std::vector<std::vector<std::string>> closures = {{"dir", "file", "link"},
                                                          {"second", "third"},
                                                          {},
                                                          {"dir", "second"},
                                                          {"third", "file", "link"}};
  for (const auto& closure : closures) {
    auto spec = area_.sandboxed("ls -1 /nix/store; echo out > /nix/store/out");
    spec.sandbox->mount_points = pool;
    spec.sandbox->store_objects = closure;
    auto sorted = closure;
    std::sort(sorted.begin(), sorted.end());
    const auto expected = sorted.empty() ? "" : join(sorted, "\n") + "\n";
    EXPECT_EQ(run(spec).output, expected);
    EXPECT_EQ(names_in(spec.sandbox->root / "nix/store"), std::set<std::string>{"out"});
    EXPECT_EQ(names_in(spec.sandbox->root), (std::set<std::string>{"nix", "tmp"}));
    EXPECT_EQ(names_in(pool).size(), 1U);
  }
  fs::rename(area_.store() / "third", area_.store() / "moved");
  fs::create_directories(area_.store() / "third");
  write_file(area_.store() / "third/inner", "now a directory\n");
  auto spec = area_.sandboxed("cat /nix/store/third/inner");
  spec.sandbox->mount_points = pool;
  spec.sandbox->store_objects = {"third"};
  EXPECT_EQ(run(spec).output, "now a directory\n");
}

TEST_F(SandboxTest, StepsThatRunAtOnceHaveTheirOwnMountPoints) {
  std::vector<LaunchSpec> specs;
  std::vector<std::unique_ptr<LaunchedProcess>> processes;
  for (int i = 0; i < 8; ++i) {
    specs.push_back(area_.sandboxed("echo " + std::to_string(i) + " > /nix/store/out; sleep 0.05"));
    specs.back().sandbox->mount_points = area_.path() / "pool";
    processes.push_back(launcher_->launch(specs.back()));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(finish_step(*processes[i]).status.success());
    EXPECT_EQ(read_file(specs[i].sandbox->root / "nix/store/out"), std::to_string(i) + "\n");
  }
}

TEST_F(SandboxTest, ABuilderMayKillItself) {
  EXPECT_EQ(run(area_.sandboxed("kill -9 $$")).status.signal, 9);
  EXPECT_EQ(run(area_.sandboxed("kill -TERM $$")).status.signal, 15);
}

TEST_F(SandboxTest, EverythingInItEndsWithTheBuilderOrWhenKilled) {
  // The background process would keep the output open.
  EXPECT_TRUE(run(area_.sandboxed("setsid sleep 1000 & exit 0")).status.success());
  const auto process = launcher_->launch(area_.sandboxed("setsid sleep 1000 & sleep 1000"));
  process->kill();
  EXPECT_EQ(finish_step(*process).status.signal, 9);
}

TEST_F(SandboxTest, NetworkIsPrivateButHasLoopback) {
  EXPECT_EQ(output("ip -o link | wc -l; ip -o link show lo | grep -c UP"), "1\n1\n");
  auto spec = area_.sandboxed("cat /etc/nsswitch.conf /etc/hosts; ip -o link");
  spec.sandbox->private_network = false;
  const auto host = run_step(*launcher_, busybox_script("ip -o link"));
  EXPECT_EQ(run(spec).output,
            "hosts: files dns\nservices: files\n" + read_file("/etc/hosts") + host.output);
}

TEST_F(SandboxTest, SandboxPathsInAnyOrderLeaveTheHostAlone) {
  // On the host: bin with a shell behind a symlink, and another shell outside.
  const fs::path host = area_.path() / "host";
  fs::create_directories(host / "bin");
  fs::copy_file("/bin/busybox", host / "bin/dash");
  fs::create_symlink("dash", host / "bin/sh");
  write_file(host / "bin/tool", "tool\n");
  write_file(host / "another", "another shell\n");
  const auto before = names_in(host / "bin");
  const std::string bin = "/bin=" + (host / "bin").string();
  const auto show = [&](std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end());
    std::set<std::string> outputs;
    do {
      auto spec =
          area_.sandboxed("ls -1 /bin; cat /bin/tool; head -c 14 /bin/sh | tail -c 13; echo");
      spec.program = "/box";
      spec.sandbox->paths = {SandboxPath::parse("/box=/bin/busybox")};
      for (const auto& path : paths) spec.sandbox->paths.push_back(SandboxPath::parse(path));
      outputs.insert(run(spec).output);
    } while (std::next_permutation(paths.begin(), paths.end()));
    EXPECT_EQ(outputs.size(), 1U);
    return *outputs.begin();
  };
  // The same shell as /bin shows, another one, and one that /bin does not have.
  EXPECT_TRUE(show({bin, "/bin/sh=" + (host / "bin/sh").string()})
                  .starts_with("dash\nsh\ntool\ntool\nELF"));
  EXPECT_EQ(show({bin, "/bin/sh=" + (host / "another").string()}),
            "dash\nsh\ntool\ntool\nnother shell\n\n");
  EXPECT_TRUE(show({bin, "/bin/new=" + (host / "another").string(),
                    "/bin/deep/er=" + (host / "bin").string()})
                  .starts_with("dash\ndeep\nnew\nsh\ntool\n"));
  EXPECT_EQ(names_in(host / "bin"), before);
  EXPECT_EQ(fs::read_symlink(host / "bin/sh"), "dash");
  EXPECT_EQ(fs::file_size(host / "bin/dash"), fs::file_size("/bin/busybox"));
  EXPECT_EQ(read_file(host / "another"), "another shell\n");
}

TEST_F(SandboxTest, SandboxPathsMayBeStoreObjectsOrBelowThem) {
  auto spec = area_.sandboxed("cd /nix/store; ls -R; cat dir/extra tool/inner");
  const std::string store = area_.store().string();
  spec.sandbox->paths.push_back(SandboxPath::parse("/nix/store/dir/extra=" + store + "/file"));
  spec.sandbox->paths.push_back(SandboxPath::parse("/nix/store/tool=" + store + "/dir"));
  const auto result = run(spec);
  EXPECT_TRUE(result.output.ends_with("file\ninner\n")) << result.output;
  EXPECT_EQ(names_in(area_.store() / "dir"), std::set<std::string>{"inner"});
  EXPECT_TRUE(fs::is_empty(spec.sandbox->root / "nix/store"));
}

TEST_F(SandboxTest, SandboxPathsMayBeInTheTemporaryDirectory) {
  auto spec = area_.sandboxed(
      "cat /tmp/a/file; echo x > /tmp/new; cat /tmp/new; "
      "echo x > /tmp/a/file || true");
  const std::string file = (area_.store() / "file").string();
  spec.sandbox->paths.push_back(SandboxPath::parse("/tmp/a/file=" + file));
  const auto result = run(spec);
  EXPECT_TRUE(result.output.starts_with("file\nx\n")) << result.output;
  EXPECT_EQ(read_file(file), "file\n");
}

TEST_F(SandboxTest, DevicesMayBeSandboxPaths) {
  auto spec = area_.sandboxed("head -c 3 /dev/own/zero | wc -c; head -c 3 /zero | wc -c");
  spec.sandbox->paths.push_back(SandboxPath::parse("/dev/own/zero=/dev/zero"));
  spec.sandbox->paths.push_back(SandboxPath::parse("/zero=/dev/zero"));
  EXPECT_EQ(run(spec).output, "3\n3\n");
  spec = area_.sandboxed("head -c 3 /dev/zero | wc -c; test -e /dev/shm && echo shm");
  spec.sandbox->private_devices = false;
  EXPECT_EQ(run(spec).output, "3\nshm\n");
}

TEST_F(SandboxTest, WrongSpecsAreNamed) {
  const auto refused = [&](auto change, const char* named) {
    auto spec = area_.sandboxed("true");
    change(*spec.sandbox);
    try {
      run(spec);
      ADD_FAILURE() << "ran without " << named;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
      return error.kind();
    }
    return ErrorKind::system;
  };
  const auto path = [](const char* text) {
    return [text](SandboxSpec& spec) { spec.paths.push_back(SandboxPath::parse(text)); };
  };
  EXPECT_EQ(refused(path("/x=/no/such/source"), "/no/such/source"), ErrorKind::not_found);
  EXPECT_EQ(refused(path("/nix=/tmp"), "'/nix'"), ErrorKind::invalid);
  EXPECT_EQ(refused(path("/nix/store/=/tmp"), "'/nix/store'"), ErrorKind::invalid);
  EXPECT_EQ(refused(path("/=/tmp"), "'/'"), ErrorKind::invalid);
  EXPECT_EQ(refused(path("/proc/x=/tmp"), "'/proc/x'"), ErrorKind::invalid);
  EXPECT_EQ(refused(path("/build/x=/tmp"), "'/build/x'"), ErrorKind::invalid);
  EXPECT_EQ(refused(path("/dev/shm/x=/tmp"), "'/dev/shm/x'"), ErrorKind::invalid);
  EXPECT_EQ(refused(path("/bin/busybox/x=/tmp"), "/bin/busybox/x"), ErrorKind::invalid);
  EXPECT_EQ(refused([](auto& spec) { spec.store_objects.push_back("gone"); }, "'gone'"),
            ErrorKind::not_found);
  EXPECT_EQ(refused([](auto& spec) { spec.store_objects.push_back("../build"); }, "../build"),
            ErrorKind::invalid);
  EXPECT_EQ(refused([](auto& spec) { spec.build_directory = "/no/such/build"; }, "/no/such/build"),
            ErrorKind::not_found);
  auto optional = area_.sandboxed("true");
  optional.sandbox->paths.push_back(SandboxPath::parse("/x=/no/such/source?"));
  EXPECT_TRUE(run(optional).status.success());
}

TEST_F(SandboxTest, IdsMustFitThePrivileges) {
  auto spec = area_.sandboxed("true");
  if (::geteuid() == 0) {
    spec.sandbox->outside.reset();
    EXPECT_THROW(run(spec), InvalidError);
  } else {
    spec.sandbox->outside = {30000, 30000};
    EXPECT_THROW(run(spec), DeniedError);
  }
}

}  // namespace
}  // namespace grange
