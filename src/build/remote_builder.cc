#include "build/remote_builder.h"

#include <condition_variable>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/fault.h"
#include "base/thread_annotations.h"
#include "build/attempt.h"
#include "build/build_area.h"
#include "build/log_capture.h"
#include "build/remote_outputs.h"
#include "build/requirements.h"
#include "store/copy.h"
#include "store/daemon_error.h"

namespace grange {
namespace {

/// One after the other. Waiting ends when one is stopped.
class Turns {
 public:
  class Turn {
   public:
    Turn(Turns& turns, const std::stop_token& stop) : turns_(turns) { turns.take(stop); }
    ~Turn() { turns_.end(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
  };

 private:
  void take(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      const MutexLock lock(mutex_);
      changed_.notify_all();
    });
    const MutexLock lock(mutex_);
    while (taken_ && !stop.stop_requested()) changed_.wait(mutex_);
    if (stop.stop_requested()) throw CancelledError("waiting to copy was cancelled");
    taken_ = true;
  }
  void end() {
    const MutexLock lock(mutex_);
    taken_ = false;
    changed_.notify_one();
  }

  Mutex mutex_;
  std::condition_variable_any changed_;
  bool taken_ GUARDED_BY(mutex_) = false;
};

class NobodyHears final : public CopyObserver {
 public:
  void planned(std::size_t, std::uint64_t) override {}
  void moved(std::uint64_t) override {}
  void copied(const PathInfo&) override {}
};

/// Hands on what a machine says to whoever hears of our attempts.
class LoggedBuild final : public RemoteBuildObserver {
 public:
  LoggedBuild(LogCapture& log, BuildObserver& observer) : log_(log), observer_(observer) {}
  void log(std::string_view data) override { log_.write(data); }
  void phase(std::string_view name) override { observer_.phase(name); }

 private:
  LogCapture& log_;
  BuildObserver& observer_;
};

/// What all attempts on one machine share.
struct RemoteContext {
  LocalStore& store;
  BuildingStore& machine;
  const RemoteBuilderConfig& config;
  BuildArea& area;
  Turns& uploads;  ///< so that what two attempts need is copied once
};

class RemoteMaker final : public OutputMaker {
 public:
  RemoteMaker(const RemoteContext& context, BuildObserver& observer, const std::stop_token& stop)
      : context_(context), observer_(observer), stop_(stop) {}

  std::optional<BuildFailure> unmet(const BuildRequest& request,
                                    const DerivationAttributes& /*attributes*/) override {
    std::string why;
    if (request.policy.mode != BuildPolicy::Mode::normal) {
      why = "checks are made on this machine only";
    } else if (request.derivation->kind() == DerivationKind::deferred) {
      why = "its inputs were not resolved";  // which is the caller's to do
    } else if (request.derivation->has_dynamic_inputs()) {
      why = "it has inputs that are outputs of derivations";
    } else {
      return std::nullopt;
    }
    return BuildFailure{Outcome::unsupported,
                        fmt::format("cannot build '{}': {}", shown(request), why)};
  }

  void prepare(const BuildRequest&, const DerivationAttributes&) override {}

  MakingEnd make(const BuildRequest& request, const DerivationAttributes& attributes,
                 const PathLocks& /*locks*/, const std::set<StorePath>& valid) override {
    auto inputs = request.input_paths;
    inputs.insert(request.derivation->input_sources.begin(),
                  request.derivation->input_sources.end());
    copy_inputs(inputs);
    observer_.phase("building on " + context_.config.machine);
    LogCapture log(observer_, context_.area.path());
    const auto result = build(request, log);
    if (!is_success(result.status)) return failed(request, result, log);
    write_log(request, log);
    const auto paths = output_paths(request, result);
    if (!paths) {
      return {BuildFailure{Outcome::output_rejected,
                           fmt::format("{} built '{}', and does not say where its outputs are",
                                       context_.config.machine, shown(request))},
              log.tail()};
    }
    observer_.phase("copying outputs from " + context_.config.machine);
    const auto closure = inputs.empty() ? inputs : context_.store.closure(inputs);
    auto end = on_machine([&] {
      return take_remote_outputs(context_.machine, context_.store,
                                 {request, attributes, closure, *paths, valid}, context_.area,
                                 stop_);
    });
    if (end.failure) {
      end.failure->message += std::exchange(end.failure->details, {});
      end.log_tail = log.tail();
    }
    return end;
  }

  MakingEnd check(const BuildRequest& request, const DerivationAttributes& attributes,
                  const PathLocks& /*locks*/, const std::set<StorePath>& /*valid*/) override {
    return {unmet(request, attributes), ""};
  }

 private:
  std::string shown(const BuildRequest& request) const {
    return context_.store.store_dir().print(request.derivation_path);
  }

  /// What goes wrong with the machine is no matter of this store, nor of the derivation.
  template <typename Action>
  auto on_machine(Action&& action) -> decltype(action()) {
    try {
      return action();
    } catch (const CancelledError&) {
      throw;
    } catch (const SystemError&) {
      throw;  // of this machine
    } catch (const Error& error) {
      throw MachineError("machine '" + context_.config.machine + "': " + error.what());
    }
  }

  void copy_inputs(const std::set<StorePath>& inputs) {
    if (inputs.empty()) return;
    const Turns::Turn turn(context_.uploads, stop_);
    observer_.phase("copying inputs to " + context_.config.machine);
    NobodyHears nobody;
    CopyOptions options;
    options.jobs = context_.config.copies_at_once;
    on_machine(
        [&] { copy_closure(context_.store, context_.machine, inputs, options, nobody, stop_); });
  }

  WireBuildResult build(const BuildRequest& request, LogCapture& log) {
    WireDerivation sent{request.derivation_path, *request.derivation};
    // Who builds it has no input derivations: only what they gave. What has none is not touched,
    // because the ids of its outputs are computed from it as it is.
    if (!sent.derivation.inputs.empty()) {
      sent.derivation.inputs.clear();
      sent.derivation.input_sources.insert(request.input_paths.begin(), request.input_paths.end());
    }
    LoggedBuild observer(log, observer_);
    RemoteBuildLimits limits{request.limits.timeout, request.limits.max_silent,
                             request.limits.max_log_bytes};
    auto result = on_machine([&] {
      try {
        return context_.machine.build_derivation(sent, limits, observer, stop_);
      } catch (DeniedError& error) {
        if (request.derivation->kind() == DerivationKind::input_addressed) {
          error.add_context(
              "a daemon builds input-addressed derivations only for those whom its setting "
              "trusted-users names");
        }
        throw;
      }
    });
    log.finish();
    return result;
  }

  MakingEnd failed(const BuildRequest& request, const WireBuildResult& result, LogCapture& log) {
    auto error = plain_lines(result.error);
    const auto outcome = outcome_of(request, result.status, error);
    if (outcome == Outcome::aborted) {
      throw MachineError(fmt::format("machine '{}': {}", context_.config.machine, error));
    }
    MakingEnd end;
    end.failure =
        BuildFailure{outcome, fmt::format("building '{}' on {} failed: {}", shown(request),
                                          context_.config.machine, error)};
    end.log_tail = log.tail();
    try {
      write_log(request, log);
    } catch (const Error& problem) {  // a full disk, say: the failure itself tells more
      end.failure->message += "; its log could not be written: " + problem.message();
    }
    return end;
  }

  /// As it would be told if it had been made here. The words are those of Nix.
  static Outcome outcome_of(const BuildRequest& request, WireBuildStatus status,
                            const std::string& error) {
    if (error.find("hash mismatch in fixed-output derivation") != std::string::npos) {
      return Outcome::hash_mismatch;
    }
    if (error.find("failed to produce output path") != std::string::npos) return Outcome::failed;
    // Of a builder that failed, where it may use the network: another time it may do better.
    const bool transient = status == WireBuildStatus::transient_failure;
    if (transient && is_impure_world(*request.derivation)) return Outcome::failed;
    return grange::outcome_of(status);
  }

  void write_log(const BuildRequest& request, LogCapture& log) {
    const auto whole = log.whole();
    context_.store.write_log(request.derivation_path, whole);
    if (request.unresolved_path) {
      fault_point("build.between-logs");
      context_.store.write_log(*request.unresolved_path, whole);
    }
  }

  /// Where every declared output is; nothing where the machine does not say so.
  static std::optional<std::map<std::string, StorePath>> output_paths(
      const BuildRequest& request, const WireBuildResult& result) {
    auto paths = request.output_paths;
    for (const auto& [name, output] : result.outputs) paths.emplace(name, output.path);
    for (const auto& [id, realisation] : result.realisations) {
      if (request.drv_output_hash && id.hash != *request.drv_output_hash) continue;
      paths.emplace(id.output, realisation.out_path);
    }
    std::map<std::string, StorePath> declared;
    for (const auto& [name, output] : request.derivation->outputs) {
      const auto found = paths.find(name);
      if (found == paths.end()) return std::nullopt;
      declared.emplace(name, found->second);
    }
    return declared;
  }

  const RemoteContext& context_;
  BuildObserver& observer_;
  const std::stop_token& stop_;
};

class RemoteBuilder final : public Builder {
 public:
  RemoteBuilder(LocalStore& eval_store, LocalStore& store, BuildingStore& machine,
                const Clock& clock, RemoteBuilderConfig config)
      : config_(std::move(config)),
        area_(store),
        stores_{eval_store, store, clock},
        context_{store, machine, config_, area_, uploads_} {}

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    RemoteMaker maker(context_, observer, stop);
    return run_attempt(stores_, maker, request, observer, stop);
  }

 private:
  RemoteBuilderConfig config_;
  BuildArea area_;
  Turns uploads_;
  AttemptStores stores_;
  RemoteContext context_;
};

}  // namespace

std::unique_ptr<Builder> make_remote_builder(LocalStore& eval_store, LocalStore& store,
                                             BuildingStore& machine, const Clock& clock,
                                             RemoteBuilderConfig config) {
  return std::make_unique<RemoteBuilder>(eval_store, store, machine, clock, std::move(config));
}

}  // namespace grange
