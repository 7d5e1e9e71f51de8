#include "build/machine_builder.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_annotations.h"
#include "build/machine_choice.h"
#include "build/remote_builder.h"
#include "derivation/attributes.h"

namespace grange {
namespace {

constexpr Seconds kFirstRest{10};
constexpr Seconds kLongestRest{300};

std::string in_braces(const std::set<std::string>& names) {
  return names.empty()
             ? "{none}"
             : "{" + join(std::vector<std::string>(names.begin(), names.end()), ", ") + "}";
}

MachineDemand demand_of(const Derivation& derivation, const DerivationAttributes& attributes) {
  MachineDemand demand{derivation.system, {}};
  demand.features.insert(attributes.required_features.begin(), attributes.required_features.end());
  const auto kind = derivation.kind();
  if (kind == DerivationKind::floating || kind == DerivationKind::impure) {
    demand.features.insert("ca-derivations");  // as Nix demands it
  }
  return demand;
}

class MachineBuilder final : public Builder {
 public:
  MachineBuilder(Builder& local, const Clock& clock, MachineBuilderConfig config)
      : local_(local),
        clock_(clock),
        config_(std::move(config)),
        states_(config_.machines.size()) {}

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    DerivationAttributes attributes;
    try {
      attributes = DerivationAttributes::parse(*request.derivation);
    } catch (const InvalidError&) {
      return local_.build(request, observer, stop);  // which says what is wrong with them
    }
    const bool runs_here = runs_on(config_.here, *request.derivation, attributes);
    if (runs_here && is_builtin(*request.derivation) && config_.local_jobs == 0) {
      return local_.build(request, observer, stop);
    }
    Search search{demand_of(*request.derivation, attributes),
                  runs_here && config_.local_jobs > 0,
                  request.policy.mode == BuildPolicy::Mode::normal,
                  {},
                  ""};
    if (!can_be_made(search)) return refused(request, search);
    for (;;) {
      const auto machine = take_slot(search, request, stop);
      const Slot slot(*this, machine);
      if (!machine) return local_.build(request, observer, stop);
      try {
        auto result = builder_of(*machine).build(request, observer, stop);
        note_answer(*machine);
        return result;
      } catch (const MachineError& error) {
        note_failure(*machine, error.what());
        search.tried.insert(*machine);
        search.last_error = error.what();
      }
    }
  }

 private:
  /// What one attempt looks for.
  struct Search {
    MachineDemand demand;
    bool here;       ///< it may be made here
    bool elsewhere;  ///< it may be made on a machine
    std::set<std::size_t> tried;
    std::string last_error;
  };

  struct State {
    std::unique_ptr<Builder> builder{};
    unsigned running = 0;
    unsigned failures = 0;  ///< since it last answered
    MonotonicTime rests_until{};
    std::string last_error{};
  };

  /// Nothing: this machine.
  using Place = std::optional<std::size_t>;

  class Slot {
   public:
    Slot(MachineBuilder& builder, Place place) : builder_(builder), place_(place) {}
    ~Slot() { builder_.free_slot(place_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    MachineBuilder& builder_;
    Place place_;
  };

  bool can_be_made(const Search& search) const {
    if (search.here) return true;
    const auto& machines = config_.machines;
    return search.elsewhere &&
           std::any_of(machines.begin(), machines.end(),
                       [&](const auto& machine) { return fits(machine, search.demand); });
  }

  Place take_slot(const Search& search, const BuildRequest& request, const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      const MutexLock lock(mutex_);
      changed_.notify_all();
    });
    const MutexLock lock(mutex_);
    for (;;) {
      if (stop.stop_requested()) throw CancelledError("waiting for a machine was cancelled");
      if (search.here && local_running_ < config_.local_jobs) {
        ++local_running_;
        return std::nullopt;
      }
      const auto loads = loads_for(search);
      if (const auto chosen = choose_machine(config_.machines, loads, search.demand)) {
        ++states_[*chosen].running;
        return chosen;
      }
      bool may_come = search.here;
      for (std::size_t i = 0; i < loads.size(); ++i) {
        may_come = may_come || (loads[i].usable && fits(config_.machines[i], search.demand));
      }
      if (!may_come) throw_nobody_answers(search, request);
      changed_.wait(mutex_);
    }
  }

  std::vector<MachineLoad> loads_for(const Search& search) const REQUIRES(mutex_) {
    const auto now = clock_.monotonic();
    std::vector<MachineLoad> loads;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const auto& state = states_[i];
      const bool rests = state.failures > 0 && now < state.rests_until;
      loads.push_back({state.running, search.elsewhere && !rests && !search.tried.contains(i)});
    }
    return loads;
  }

  [[noreturn]] void throw_nobody_answers(const Search& search, const BuildRequest& request) const
      REQUIRES(mutex_) {
    std::string why = search.last_error;
    for (std::size_t i = 0; i < states_.size() && why.empty(); ++i) {
      if (fits(config_.machines[i], search.demand)) why = states_[i].last_error;
    }
    throw UnavailableError(fmt::format("no machine that could make '{}' answers: {}",
                                       config_.store_dir.print(request.derivation_path), why));
  }

  void free_slot(Place place) {
    const MutexLock lock(mutex_);
    --(place ? states_[*place].running : local_running_);
    changed_.notify_all();
  }

  Builder& builder_of(std::size_t machine) {
    const MutexLock lock(mutex_);
    auto& builder = states_[machine].builder;
    if (!builder) {
      try {
        builder = config_.open(config_.machines[machine]);
      } catch (const InvalidError& error) {
        throw MachineError(error.what());
      }
    }
    return *builder;
  }

  void note_answer(std::size_t machine) {
    const MutexLock lock(mutex_);
    states_[machine].failures = 0;
  }

  void note_failure(std::size_t machine, const std::string& error) {
    const MutexLock lock(mutex_);
    auto& state = states_[machine];
    Seconds rest = kFirstRest;
    for (unsigned i = 0; i < state.failures && rest < kLongestRest; ++i) rest *= 2;
    ++state.failures;
    state.last_error = error;
    state.rests_until = clock_.monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(
                                                 std::min(rest, kLongestRest));
  }

  BuildResult refused(const BuildRequest& request, const Search& search) const {
    BuildResult result;
    result.outcome = Outcome::unsupported;
    result.message = fmt::format(
        "cannot build '{}': it needs a '{}' with features {}; {} '{}' with features {}",
        config_.store_dir.print(request.derivation_path), printable(search.demand.system),
        printable(in_braces(search.demand.features)),
        config_.local_jobs > 0 ? "this machine is a" : "nothing is made on this machine, a",
        config_.here.system,
        in_braces({config_.here.features.begin(), config_.here.features.end()}));
    if (!search.elsewhere) {
      result.message += "; checks are made on this machine only";
      return result;
    }
    for (const auto& machine : config_.machines) {
      result.message += fmt::format("; '{}' has {} with features {}", machine.store.to_string(),
                                    in_braces(machine.systems), in_braces(machine.features));
      if (!machine.mandatory.empty()) {
        result.message +=
            fmt::format(", of which {} must be asked for", in_braces(machine.mandatory));
      }
    }
    return result;
  }

  Builder& local_;
  const Clock& clock_;
  const MachineBuilderConfig config_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  unsigned local_running_ GUARDED_BY(mutex_) = 0;
  std::vector<State> states_ GUARDED_BY(mutex_);  ///< by machine
};

}  // namespace

std::unique_ptr<Builder> make_machine_builder(Builder& local, const Clock& clock,
                                              MachineBuilderConfig config) {
  return std::make_unique<MachineBuilder>(local, clock, std::move(config));
}

}  // namespace grange
