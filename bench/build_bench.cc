// How long many trivial steps take in one process, without evaluating or planning: the price of
// building itself; each step is `echo > $out`. Or what one sandboxed step takes whose input closure
// is large.
//
// usage: build_bench [STEPS [JOBS]] | build_bench closures

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "build/local_builder.h"
#include "derivation/content_address.h"
#include "process/launcher.h"
#include "store/local_store.h"

namespace grange {
namespace {

class Silence final : public BuildObserver {
 public:
  void log(std::string_view) override {}
  void phase(std::string_view) override {}
};

/// `echo > $out` under a name of its own.
struct Step {
  explicit Step(const std::string& name, BuildPolicy::Sandbox sandbox)
      : request{make_text_path(StoreDir::nix(), name + ".drv", name, {}),
                &derivation,
                {},
                {},
                {},
                {},
                {}} {
    const auto path = make_output_path(StoreDir::nix(), sha256(name), "out", name);
    derivation.name = name;
    derivation.system = "x86_64-linux";
    derivation.builder = "/bin/sh";
    derivation.arguments = {"-c", "echo > $out"};
    derivation.environment["out"] = StoreDir::nix().print(path);
    derivation.outputs.emplace("out", InputAddressedOutput{path});
    request.output_paths.emplace("out", path);
    request.policy.sandbox = sandbox;
  }
  Step(const Step&) = delete;

  Derivation derivation;
  BuildRequest request;
};

double cpu_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    for (const auto& time : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
  }
  return seconds;
}

/// An object that refers to `count` others, all of them directories.
StorePath add_closure(LocalStore& store, std::size_t count) {
  std::vector<PathInfo> infos;
  std::set<StorePath> members;
  const auto add = [&](const std::string& name, const std::set<StorePath>& references) {
    const auto path = make_output_path(store.store_dir(), sha256(name), "out", name);
    std::filesystem::create_directory(store.real_path(path));
    canonicalise_tree(store.real_path(path), std::nullopt);
    const auto nar = hash_nar(store.real_path(path));
    auto& info = infos.emplace_back(path, nar.hash);
    info.nar_size = nar.size;
    info.references = references;
    return path;
  };
  for (std::size_t index = 0; index < count; ++index) {
    members.insert(add(fmt::format("member-{}-of-{}", index, count), {}));
  }
  const auto root = add(fmt::format("closure-of-{}", count), members);
  store.register_valid(std::move(infos));
  return root;
}

/// Everything that building here needs, in a temporary directory.
struct Workplace {
  Workplace() {
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
    LocalStoreOptions options;
    options.fast_metadata = true;  // as Nix is measured: fsync-metadata = false
    store = LocalStore::open(StoreLocation::at_root(directory.path()), options);
    LauncherConfig launcher_config;
    launcher_config.program = GRANGE_BINARY_DIR "/grange-launcher";
    launcher_config.store_dir = store->store_dir().str();
    launcher_config.physical_store = store->location().real_store;
    launcher = Launcher::start(launcher_config);
    LocalBuilderConfig config;
    config.system = "x86_64-linux";
    config.temporary = directory.path();
    config.run_as_pool = ::geteuid() == 0;
    config.sandbox_paths = {SandboxPath::parse("/bin/sh=/bin/busybox")};
    builder = make_local_builder(*store, *store, *launcher, clock, config);
  }

  TemporaryDirectory directory;
  SystemClock clock;
  std::unique_ptr<LocalStore> store;
  std::unique_ptr<Launcher> launcher;
  std::unique_ptr<Builder> builder;
};

void run_with_closure(std::size_t size) {
  constexpr int kSteps = 11;
  Workplace workplace;
  const auto root = add_closure(*workplace.store, size);
  std::vector<double> times;
  Silence silence;
  for (int index = 0; index < kSteps; ++index) {
    Step step("step-" + std::to_string(index), BuildPolicy::Sandbox::sandboxed);
    step.request.input_paths = {root};
    const auto start = workplace.clock.monotonic();
    const auto result = workplace.builder->build(step.request, silence, {});
    times.push_back(Seconds(workplace.clock.monotonic() - start).count() * 1000);
    if (!result.good()) fmt::print(stderr, "{}\n", result.message);
  }
  const double first = times.front();
  std::sort(times.begin(), times.end());
  fmt::print("sandboxed step with a closure of {:5}: first {:7.2f} ms, median {:7.2f} ms\n", size,
             first, times[times.size() / 2]);
}

void run(const char* world, BuildPolicy::Sandbox sandbox, std::size_t steps, unsigned jobs) {
  const double cpu_before = cpu_seconds();
  std::chrono::duration<double> wall{};
  {
    Workplace workplace;
    const auto& clock = workplace.clock;
    const auto start = clock.monotonic();
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> good{0};
    {
      std::vector<std::jthread> threads;
      for (unsigned job = 0; job < jobs; ++job) {
        threads.emplace_back([&] {
          Silence silence;
          for (auto index = next++; index < steps; index = next++) {
            const Step step("step-" + std::to_string(index), sandbox);
            const auto result = workplace.builder->build(step.request, silence, {});
            if (result.good()) ++good;
            if (!result.good()) fmt::print(stderr, "{}\n", result.message);
          }
        });
      }
    }
    wall = clock.monotonic() - start;
    if (good != steps) std::exit(1);
  }
  fmt::print("{:12} {:6} steps {:2} jobs {:8.3f} s wall {:8.3f} ms each {:8.3f} s of CPU\n", world,
             steps, jobs, wall.count(), 1000 * wall.count() / static_cast<double>(steps),
             cpu_seconds() - cpu_before);
}

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "closures") {
    for (const std::size_t size : {1, 300, 1000, 5000}) grange::run_with_closure(size);
    return 0;
  }
  const std::size_t steps = argc > 1 ? std::stoul(argv[1]) : 500;
  const auto jobs = static_cast<unsigned>(argc > 2 ? std::stoul(argv[2]) : 2);
  grange::run("unsandboxed", grange::BuildPolicy::Sandbox::unsandboxed, steps, jobs);
  grange::run("sandboxed", grange::BuildPolicy::Sandbox::sandboxed, steps, jobs);
}
