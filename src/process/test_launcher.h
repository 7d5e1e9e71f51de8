#pragma once

// What the launcher's tests share.

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "base/file.h"
#include "process/launcher.h"

namespace grange::test_launcher {

/// What a step of a test came to.
struct StepResult {
  std::string output;
  ExitStatus status;
};

/// Waits for its end, reading its output. Throws what try_wait throws.
inline StepResult finish_step(LaunchedProcess& process) {
  StepResult result;
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while ((count = ::read(process.output_descriptor(), buffer.data(), buffer.size())) > 0) {
    result.output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  pollfd ended{process.poll_descriptor(), POLLIN, 0};
  if (::poll(&ended, 1, 30'000) != 1) throw std::runtime_error("the step does not end");
  const auto status = process.try_wait();
  if (!status) throw std::runtime_error("the step has ended without a status");
  result.status = *status;
  return result;
}

/// Runs a step to its end.
inline StepResult run_step(Launcher& launcher, const LaunchSpec& spec) {
  return finish_step(*launcher.launch(spec));
}

/// Does this happen within some seconds?
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The launcher of this build.
inline LauncherConfig launcher_config() {
  LauncherConfig config;
  config.program = std::filesystem::path(GRANGE_BINARY_DIR) / "grange-launcher";
  return config;
}

/// A script run by the static busybox, whose applets it can use without a path.
inline LaunchSpec busybox_script(const std::string& script) {
  LaunchSpec spec;
  spec.program = "/bin/busybox";
  spec.arguments = {"sh", "-c", script};
  spec.environment = {"PATH=/path-not-set"};
  spec.working_directory = "/";
  return spec;
}

/// Ids that only this test process gives to builders; nothing where it is not root.
inline std::optional<std::pair<uid_t, gid_t>> builder_ids() {
  if (::geteuid() != 0) return std::nullopt;
  const auto id = 31'000 + static_cast<uid_t>(::getpid()) % 1000;
  return std::pair(id, id);
}

/// Places for sandboxed steps: a physical store with some objects, a build directory, roots.
class SandboxArea {
 public:
  SandboxArea() {
    std::filesystem::create_directories(store() / "dir");
    std::filesystem::create_directories(path() / "build");
    write_file(store() / "dir/inner", "inner\n");
    write_file(store() / "file", "file\n");
    std::filesystem::create_symlink("dir/inner", store() / "link");
    const auto ids = builder_ids();
    if (ids && ::chown((path() / "build").c_str(), ids->first, ids->second) != 0) {
      throw std::runtime_error("cannot give away the build directory");
    }
  }

  const std::filesystem::path& path() const { return area_.path(); }
  std::filesystem::path store() const { return area_.path() / "nix/store"; }

  /// A fresh, empty root each time.
  std::filesystem::path new_root() {
    const auto root = path() / ("root-" + std::to_string(roots_++));
    std::filesystem::create_directories(root);
    return root;
  }

  /// A sandbox that shows busybox and the objects "dir" (with a file "inner"), "file" and "link",
  /// each a bare name in the store.
  LaunchSpec sandboxed(const std::string& script) {
    LaunchSpec spec = busybox_script(script);
    spec.working_directory = "/build";
    auto& sandbox = spec.sandbox.emplace();
    sandbox.root = new_root();
    sandbox.store_dir = "/nix/store";
    sandbox.physical_store = store();
    sandbox.store_objects = {"dir", "file", "link"};
    sandbox.paths = {SandboxPath::parse("/bin/busybox")};
    sandbox.build_directory = path() / "build";
    sandbox.outside = builder_ids();
    return spec;
  }

 private:
  TemporaryDirectory area_;
  int roots_ = 0;
};

}  // namespace grange::test_launcher
