#include "farm/workshop.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "build/leftovers.h"
#include "build/machine_builder.h"
#include "build/remote_builder.h"
#include "farm/eval_store_care.h"
#include "farm/rehearsal.h"
#include "store/open_remote_store.h"
#include "store/open_substituters.h"

namespace grange {

/// Starts the launcher, and cleans what killed runs left, when something is really to be made.
/// Threads of attempts share it.
class Workshop::LazyBuilder final : public Builder {
 public:
  explicit LazyBuilder(Workshop& workshop) : workshop_(workshop) {}

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    prepare_store();
    std::call_once(started_, [this] { start(); });
    return builder_->build(request, observer, stop);
  }

  /// Before anything is made, wherever: cleans it, and keeps its disk from running full.
  void prepare_store() {
    std::call_once(prepared_, [this] {
      const auto& config = workshop_.config_;
      clean_build_leftovers(*workshop_.store_);
      auto low_disk = config.low_disk;
      low_disk.collection.sync = config.sync;
      low_disk.collection.fast_metadata = config.fast_metadata;
      low_disk_.emplace(*workshop_.store_, low_disk, config.tell_low_disk);
    });
  }

 private:
  void start() {
    const auto& config = workshop_.config_;
    const auto& location = workshop_.store_->location();
    LauncherConfig launcher;
    launcher.program = config.launcher;
    if (location.relocated()) {
      launcher.store_dir = location.store_dir.str();
      launcher.physical_store = location.real_store;
    }
    launcher_ = Launcher::start(launcher);
    builder_ = make_local_builder(*workshop_.eval_store_, *workshop_.store_, *launcher_,
                                  workshop_.clock_, config.builder);
  }

  Workshop& workshop_;
  std::once_flag prepared_;
  std::once_flag started_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<Builder> builder_;
  std::optional<LowDiskCollector> low_disk_;
};

/// A machine's store, and the builder that uses it.
class Workshop::MachineStoreBuilder final : public Builder {
 public:
  MachineStoreBuilder(Workshop& workshop, const RemoteMachine& machine)
      : store_(open_remote_store(machine.store, opening(workshop.config_, machine))),
        builder_(make_remote_builder(*workshop.eval_store_, *workshop.store_, *store_,
                                     workshop.clock_, {machine.store.to_string()})) {}

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    return builder_->build(request, observer, stop);
  }

 private:
  /// Each attempt there holds a connection, and copies over others.
  static StoreOpening opening(const WorkshopConfig& config, const RemoteMachine& machine) {
    StoreOpening opening;
    opening.store_dir = config.store_dir;
    opening.write = true;
    opening.warn = config.warn;
    opening.skip_signatures = true;
    opening.connections = 2 * machine.jobs + 1;
    opening.remote = config.remote;
    return opening;
  }

  std::unique_ptr<BuildingStore> store_;
  std::unique_ptr<Builder> builder_;
};

Workshop::Workshop(WorkshopConfig config, const Clock& clock)
    : config_(std::move(config)), clock_(clock) {
  LocalStoreOptions options;
  options.sync = config_.sync;
  options.fast_metadata = config_.fast_metadata;
  store_ = LocalStore::open(StoreLocation::at_root(config_.store_root, config_.store_dir), options);
  eval_store_use_ =
      use_eval_store(StoreLocation::at_root(config_.eval_store_root, config_.store_dir));
  builder_ = std::make_unique<LazyBuilder>(*this);
  if (config_.rehearsal)
    rehearsal_ = make_rehearsal_builder(*store_, config_.store_root.parent_path() / "hold");
  if (config_.machines.empty()) return;
  const auto& here = config_.builder;
  MachineBuilderConfig machines;
  machines.here = {here.system, here.extra_platforms, here.features, here.host_paths};
  machines.local_jobs = config_.local_jobs;
  machines.machines = config_.machines;
  machines.open = [this](const RemoteMachine& machine) { return open_machine(machine); };
  machines.store_dir = config_.store_dir;
  machines_ = make_machine_builder(*builder_, clock_, std::move(machines));
}

Workshop::~Workshop() = default;

LocalStore& Workshop::eval_store() {
  if (!eval_store_) {
    LocalStoreOptions reading;
    reading.read_only = true;
    eval_store_ = LocalStore::open(
        StoreLocation::at_root(config_.eval_store_root, config_.store_dir), reading);
  }
  return *eval_store_;
}

Substituters& Workshop::substituters() {
  if (substituters_) return *substituters_;
  StoreOpening opening;
  opening.store_dir = config_.store_dir;
  opening.warn = config_.warn;
  opening.remote = config_.remote;
  TrustedKeys keys;
  for (const auto& key : config_.trusted_keys) keys.add(key);
  substituters_ = std::make_unique<Substituters>(open_substituters(config_.substituters, opening),
                                                 std::move(keys), config_.fetch_jobs, config_.warn);
  return *substituters_;
}

std::unique_ptr<Builder> Workshop::open_machine(const RemoteMachine& machine) {
  builder_->prepare_store();
  return std::make_unique<MachineStoreBuilder>(*this, machine);
}

Builder& Workshop::builder() {
  if (rehearsal_) return *rehearsal_;
  if (machines_) return *machines_;
  return *builder_;
}

unsigned Workshop::slots() const {
  constexpr std::uint64_t kMostSlots = 1024;
  std::uint64_t slots = config_.local_jobs;
  for (const auto& machine : config_.machines) slots += machine.jobs;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(slots, 1, kMostSlots));
}

BuildPolicy Workshop::policy() const {
  return local_policy(config_.builder, config_.sandbox);
}

std::string policy_text(const BuildPolicy& policy) {
  std::string text;
  switch (policy.mode) {
    case BuildPolicy::Mode::normal:
      text = "normal";
      break;
    case BuildPolicy::Mode::check:
      text = "check";
      break;
    case BuildPolicy::Mode::repair:
      text = "repair";
      break;
  }
  switch (policy.sandbox) {
    case BuildPolicy::Sandbox::sandboxed:
      text += " sandboxed";
      break;
    case BuildPolicy::Sandbox::unsandboxed:
      text += " unsandboxed";
      break;
    case BuildPolicy::Sandbox::relaxed:
      text += " relaxed";
      break;
  }
  text += " paths:" + join(policy.sandbox_paths, ",");
  text += " features:" + join(policy.features, ",");
  // Only where there are any, so that what was recorded before there were is still found.
  if (!policy.host_paths.empty()) text += " host-paths:" + join(policy.host_paths, ",");
  return text;
}

std::string this_system() {
  utsname names{};
  if (::uname(&names) != 0) throw_errno("asking for this machine's name");
  std::string machine = names.machine;
  if (machine.size() == 4 && machine[0] == 'i' && machine.ends_with("86")) machine = "i686";
  return machine + "-linux";
}

}  // namespace grange
