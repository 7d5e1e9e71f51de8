#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "build/local_builder.h"
#include "build/test_support.h"
#include "derivation/content_address.h"
#include "process/launcher.h"
#include "store/local_store.h"

namespace grange {

/// A script for busybox, which has all its tools within itself, as a derivation.
struct ScriptedStep {
  ScriptedStep(std::string name, std::string script, std::vector<std::string> outputs = {"out"}) {
    derivation.name = name;
    derivation.system = "x86_64-linux";
    derivation.builder = "/bin/busybox";
    derivation.arguments = {"sh", "-e", "-c", std::move(script)};
    request.derivation_path = drv_path(name);
    for (const auto& output : outputs) {
      const auto path = make_output_path(StoreDir::nix(), sha256(name), output, name);
      add_output(output, InputAddressedOutput{path}, path);
    }
  }

  /// The one output becomes a fixed one.
  void specify(ContentMethod method, const Hash& hash) {
    const ContentAddress address{method, hash};
    const auto path = make_content_addressed_path(StoreDir::nix(), derivation.name, address);
    derivation.outputs.clear();
    request.output_paths.clear();
    add_output("out", FixedOutput{address, path}, path);
  }

  const StorePath& output(const std::string& name = "out") const {
    return request.output_paths.at(name);
  }

  Derivation derivation;
  BuildRequest request{drv_path("none"), nullptr, {}, {}, {}, {}, {}};

 private:
  static StorePath drv_path(const std::string& name) {
    return make_text_path(StoreDir::nix(), name + ".drv", name, {});
  }
  void add_output(const std::string& name, DerivationOutput output, const StorePath& path) {
    derivation.outputs.insert_or_assign(name, std::move(output));
    derivation.environment[name] = StoreDir::nix().print(path);
    request.output_paths.insert_or_assign(name, path);
  }
};

/// Real stores below a temporary directory, a real launcher and a builder over them.
class BuilderWorld {
 public:
  explicit BuilderWorld(const std::filesystem::path& root) : root_(root) {
    eval_store_ = LocalStore::open(StoreLocation::at_root(root / "eval"));
    store_ = LocalStore::open(StoreLocation::at_root(root / "dest"));
    std::filesystem::create_directory(root / "tmp");
    std::filesystem::permissions(root / "tmp", std::filesystem::perms(01777));
    config.system = "x86_64-linux";
    config.temporary = root / "tmp";
    config.run_as_pool = ::geteuid() == 0;
    config.sandbox_paths = {SandboxPath::parse("/bin/busybox")};
    LauncherConfig launcher;
    launcher.program = GRANGE_BINARY_DIR "/grange-launcher";
    launcher.store_dir = store_->store_dir().str();
    launcher.physical_store = store_->location().real_store;
    launcher_ = Launcher::start(launcher);
  }

  LocalStore& eval_store() { return *eval_store_; }
  LocalStore& store() { return *store_; }
  Launcher& launcher() { return *launcher_; }
  const std::filesystem::path& root() const { return root_; }

  Builder& builder() {
    if (!builder_) {
      builder_ = make_local_builder(*eval_store_, *store_, *launcher_, clock_, config, nested);
    }
    return *builder_;
  }

  BuildResult build(ScriptedStep& step, BuildPolicy::Sandbox sandbox, std::stop_token stop = {}) {
    step.request.derivation = &step.derivation;
    const auto mode = step.request.policy.mode;
    step.request.policy = local_policy(config, sandbox);
    step.request.policy.mode = mode;
    return builder().build(step.request, observer, stop);
  }

  std::string read(const StorePath& path, const std::string& below = "") {
    auto real = store_->real_path(path);
    return read_file(below.empty() ? real : real / below);
  }

  /// Names in the store directory.
  std::set<std::string> in_store() const { return names_in(store_->location().real_store); }
  static std::set<std::string> names_in(const std::filesystem::path& directory) {
    std::set<std::string> names;
    if (!std::filesystem::exists(directory)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      names.insert(entry.path().filename());
    }
    names.erase(".links");
    return names;
  }
  /// What attempts have left in their areas and build directories, beside empty directories.
  std::set<std::string> left_over() {
    auto names = names_in(root_ / "tmp");
    const auto areas = store_->location().own_state() / "builds";
    if (!std::filesystem::exists(areas)) return names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(areas)) {
      const auto name = entry.path().filename().string();
      if (!entry.is_directory() && name != "journal" && name != "steps") names.insert(name);
    }
    return names;
  }

  LocalBuilderConfig config;
  NestedStores* nested = nullptr;
  RecordingObserver observer;

 private:
  std::filesystem::path root_;
  SystemClock clock_;
  std::unique_ptr<LocalStore> eval_store_;
  std::unique_ptr<LocalStore> store_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<Builder> builder_;
};

/// Why builders cannot be run here; nothing where they can.
inline std::optional<std::string> why_no_builders() {
  if (!std::filesystem::exists(GRANGE_BINARY_DIR "/grange-launcher")) {
    return "the launcher is not built: build the target grange-launcher";
  }
  if (!std::filesystem::exists("/bin/busybox")) return "there is no /bin/busybox";
  return std::nullopt;
}

class BuilderTest : public testing::TestWithParam<BuildPolicy::Sandbox> {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_builders()) GTEST_SKIP() << *reason;
    // Builders have other uids when this process is root.
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
    world_.emplace(directory_.path());
  }
  BuilderWorld& world() { return *world_; }
  BuildResult build(ScriptedStep& step, std::stop_token stop = {}) {
    return world().build(step, GetParam(), stop);
  }
  bool sandboxed() const { return GetParam() == BuildPolicy::Sandbox::sandboxed; }

  TemporaryDirectory directory_;
  std::optional<BuilderWorld> world_;
};

inline std::string sandbox_name(const testing::TestParamInfo<BuildPolicy::Sandbox>& info) {
  return info.param == BuildPolicy::Sandbox::sandboxed ? "Sandboxed" : "Unsandboxed";
}

}  // namespace grange
