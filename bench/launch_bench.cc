// What the launcher costs: wall time per step, and processor time of everything that it took, for
// a program that does nothing, unsandboxed and in sandboxes with closures of several sizes.
//
// usage: launch_bench [STEPS]

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "process/launcher.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "/bin/busybox";

struct Times {
  double wall = 0;  // median, ms
  double cpu = 0;   // mean, ms
};

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Bench {
 public:
  explicit Bench(int steps) : steps_(steps), store_(area_.path() / "nix/store") {
    fs::create_directories(store_);
    fs::create_directories(area_.path() / "build");
    for (int i = 0; i < 5000; ++i) {
      names_.push_back(fmt::format("{:032}-package-{}-with-a-usual-name-1.2.3", i, i));
      fs::create_directories(store_ / names_.back() / "bin");
    }
    if (::geteuid() != 0) return;
    outside_ = {UidPool::kFirst, UidPool::kFirst};
    fs::permissions(area_.path(), fs::perms::others_exec, fs::perm_options::add);
  }

  void print(const char* what, std::optional<std::size_t> closure) {
    const Times times = measure(closure);
    fmt::print("{:<34} {:>8.2f} ms {:>8.2f} ms\n", what, times.wall, times.cpu);
  }

 private:
  LaunchSpec spec(std::optional<std::size_t> closure) const {
    LaunchSpec spec;
    spec.program = kProgram;
    spec.arguments = {"busybox", "true"};
    spec.environment = {"PATH=/path-not-set"};
    spec.working_directory = "/";
    if (!closure) return spec;
    auto& sandbox = spec.sandbox.emplace();
    sandbox.root = area_.path() / "root";
    sandbox.mount_points = area_.path() / "mount-points";
    sandbox.store_dir = "/nix/store";
    sandbox.physical_store = store_;
    sandbox.store_objects.assign(names_.begin(),
                                 names_.begin() + static_cast<std::ptrdiff_t>(*closure));
    sandbox.paths = {SandboxPath::parse(kProgram)};
    sandbox.build_directory = area_.path() / "build";
    sandbox.outside = outside_;
    return spec;
  }

  Times measure(std::optional<std::size_t> closure) {
    const int steps = closure.value_or(0) >= 1000 ? std::max(5, steps_ / 10) : steps_;
    const auto spec = this->spec(closure);
    const double cpu_before = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN);
    std::vector<double> walls;
    {
      LauncherConfig config;
      config.program = fs::path(GRANGE_BINARY_DIR) / "grange-launcher";
      const auto launcher = Launcher::start(config);
      for (int i = 0; i < steps; ++i) {
        if (closure) fs::create_directories(spec.sandbox->root);
        const auto start = std::chrono::steady_clock::now();
        const auto process = launcher->launch(spec);
        pollfd ended{process->poll_descriptor(), POLLIN, 0};
        ::poll(&ended, 1, -1);
        const auto status = process->try_wait();
        const std::chrono::duration<double, std::milli> wall =
            std::chrono::steady_clock::now() - start;
        if (!status || !status->success()) throw InvalidError("the step failed");
        walls.push_back(wall.count());
        if (closure) remove_tree(spec.sandbox->root);
      }
    }
    std::nth_element(walls.begin(), walls.begin() + steps / 2, walls.end());
    const double cpu = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN) - cpu_before;
    return {walls[static_cast<std::size_t>(steps) / 2], cpu * 1000 / steps};
  }

  int steps_;
  TemporaryDirectory area_;
  fs::path store_;
  std::vector<std::string> names_;
  std::optional<std::pair<uid_t, gid_t>> outside_;
};

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  try {
    const int steps = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
    grange::Bench bench(steps);
    fmt::print("{:<34} {:>11} {:>11}\n", "one step of busybox true", "wall median", "cpu mean");
    bench.print("unsandboxed", std::nullopt);
    bench.print("sandboxed, empty closure", 0);
    bench.print("sandboxed, 300 closure paths", 300);
    bench.print("sandboxed, 1,000 closure paths", 1000);
    bench.print("sandboxed, 5,000 closure paths", 5000);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "launch_bench: {}\n", error.what());
    return 1;
  }
}
