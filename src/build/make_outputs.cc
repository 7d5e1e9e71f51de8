#include "build/make_outputs.h"

#include <filesystem>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "build/address_outputs.h"
#include "build/attempt_area.h"
#include "build/collect_outputs.h"
#include "build/compare_outputs.h"
#include "build/install_outputs.h"
#include "build/keep_failed.h"
#include "build/log_capture.h"
#include "build/output_checks.h"
#include "build/output_places.h"
#include "build/requirements.h"
#include "build/run_builder.h"
#include "store/repair.h"
#include "store/verify.h"

namespace grange {
namespace {

std::set<StorePath> promised_paths(const BuildRequest& request) {
  std::set<StorePath> paths;
  for (const auto& [name, path] : request.output_paths) paths.insert(path);
  return paths;
}

/// One round: a builder (or builtin) runs, and what it made is installed, or only compared with
/// what was made before.
class Making {
 public:
  Making(const AttemptContext& context, const BuildRequest& request,
         const DerivationAttributes& attributes, const PathLocks& locks,
         const std::set<StorePath>& valid, BuilderIdentity& identity, BuildObserver& observer,
         const std::stop_token& stop, std::optional<FirstOutputs> first = std::nullopt,
         MadeAgain made_again = MadeAgain::discarded)
      : context_(context),
        request_(request),
        attributes_(attributes),
        locks_(locks),
        identity_(identity),
        observer_(observer),
        stop_(stop),
        first_(std::move(first)),
        made_again_(made_again),
        world_(build_world(*request.derivation, attributes, request.policy)),
        area_(context.area),
        directory_(make_directory()),
        places_(make_places(valid)),
        log_(observer, context.area.path()) {
    if (!first_) return;
    for (auto& place : places_) place.present = !place.floating && !first_->contains(place.name);
  }

  ~Making() { discard(); }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

  MakingEnd run() {
    auto end = run_round();
    if (end.failure) end.failure->message += std::exchange(end.failure->details, {});
    return end;
  }

 private:
  MakingEnd run_round() {
    prepare();
    auto failure = build();
    if (!failure) failure = finish();
    if (!failure) return {std::nullopt, "", std::move(compared_), std::move(made_)};
    failure->message += keep();
    return {std::move(failure),
            log_tail_ ? std::move(*log_tail_) : log_.tail(),
            std::move(compared_),
            {}};
  }

  std::vector<OutputPlace> make_places(const std::set<StorePath>& valid) const {
    const auto& store_dir = context_.store.store_dir();
    const auto kind = request_.derivation->kind();
    if (kind == DerivationKind::floating || kind == DerivationKind::impure) {
      return place_floating_outputs(store_dir, request_.derivation_path, *request_.derivation,
                                    world_, directory_, first_.has_value());
    }
    return place_outputs(store_dir, request_.derivation_path, kind, request_.output_paths,
                         first_ ? promised_paths(request_) : valid, world_, directory_);
  }

  std::filesystem::path make_directory() {
    switch (world_) {
      case BuildWorld::builtin:
        return area_.make_directory("outputs", 0700);
      case BuildWorld::sandboxed:
        return area_.make_directory("root", 0755);
      case BuildWorld::unsandboxed:
        break;
    }
    return context_.store.location().real_store;
  }

  void prepare() {
    std::vector<StorePath> half_made;
    for (const auto& place : places_) {
      if (!place.present && !first_) half_made.push_back(place.promised);
      // Whoever comes after a kill may find the realisation, and never lock this again.
      if (place.floating) half_made.push_back(lock_name(request_.derivation_path, place.name));
      if (!place.redirected() && !place.floating) continue;
      context_.store.add_temporary_root(place.made_as);
      half_made.push_back(place.made_as);
    }
    area_.note_outputs(half_made);
    fault_point("build.after-journal");
    for (const auto& place : places_) {
      if (place.redirected() || place.floating) remove_tree(place.location);
    }
    input_closure_ = request_.input_paths;
    input_closure_.insert(request_.derivation->input_sources.begin(),
                          request_.derivation->input_sources.end());
    if (!input_closure_.empty()) input_closure_ = context_.store.closure(input_closure_);
    candidates_ = input_closure_;
  }

  std::optional<BuildFailure> build() {
    observer_.phase("building");
    BuilderRun run{request_, attributes_, places_, input_closure_, identity_, locks_, area_, {}};
    std::optional<BuildFailure> failure;
    try {
      if (world_ == BuildWorld::builtin) {
        failure = run_builtin(context_, run, log_, stop_);
      } else {
        if (world_ == BuildWorld::sandboxed) run.sandbox_root = directory_;
        auto end = run_builder(context_, run, log_, stop_);
        failure = std::move(end.failure);
        build_directory_ = std::move(end.build_directory);
        candidates_.merge(end.added);
      }
    } catch (const Error&) {
      if (log_.size() > 0) write_log();
      throw;
    }
    if (!failure) {
      write_log();
      return failure;
    }
    try {
      write_log();
    } catch (const Error& error) {  // a full disk, say: the failure itself tells more
      failure->message += fmt::format("; its log could not be written: {}", error.message());
    }
    return failure;
  }

  void write_log() {
    context_.store.write_log(request_.derivation_path, log_.whole());
    if (request_.unresolved_path) {
      fault_point("build.between-logs");
      context_.store.write_log(*request_.unresolved_path, log_.whole());
    }
  }

  std::optional<BuildFailure> finish() {
    observer_.phase("checking outputs");
    const bool own_code = world_ == BuildWorld::builtin;
    auto collected =
        collect_outputs({*request_.derivation, request_.derivation_path, context_.store.store_dir(),
                         places_, candidates_, own_code ? std::nullopt : identity_.uid(),
                         [this] { return area_.spool_file(); }});
    if (auto* failure = std::get_if<BuildFailure>(&collected)) return std::move(*failure);
    auto& outputs = std::get<std::vector<CollectedOutput>>(collected);
    if (const auto cycle = find_cycle(outputs)) {
      return BuildFailure{
          Outcome::output_rejected,
          fmt::format("outputs '{}' and '{}' of '{}' refer to each other", cycle->first,
                      cycle->second, context_.store.store_dir().print(request_.derivation_path))};
    }
    if (auto failure = address(outputs)) return failure;
    if (auto failure = check_output_references(attributes_, request_.derivation_path, places_,
                                               outputs, context_.store)) {
      return failure;
    }
    if (first_) return compare(outputs);
    if (auto failure = repeat(outputs)) return failure;
    install(outputs);
    return std::nullopt;
  }

  std::optional<BuildFailure> address(std::vector<CollectedOutput>& outputs) {
    if (places_.empty() || !places_.front().floating) return std::nullopt;
    auto failure =
        address_outputs({*request_.derivation, request_.derivation_path, context_.store.store_dir(),
                         [this] { return area_.spool_file(); }},
                        outputs);
    for (const auto& output : outputs) {
      for (auto& place : places_) {
        if (place.name == output.place.name) place.promised = output.place.promised;
      }
    }
    return failure;
  }

  void install(std::vector<CollectedOutput>& outputs) {
    for (const auto& output : outputs) made_.emplace(output.place.name, output.info.path);
    if (!places_.empty() && places_.front().floating) {
      install_floating_outputs(context_.store, outputs, area_, stop_);
    } else {
      install_outputs(context_.store, outputs);
    }
    installed_ = true;
  }

  std::optional<BuildFailure> compare(const std::vector<CollectedOutput>& outputs) {
    auto comparison = compare_outputs(context_.store.store_dir(), request_.derivation_path, *first_,
                                      outputs, stop_);
    compared_ = std::move(comparison.compared);
    if (made_again_ == MadeAgain::replaces) replace_damaged(outputs);
    forget_equal_ones();
    return std::move(comparison.failure);
  }

  void replace_damaged(const std::vector<CollectedOutput>& outputs) {
    for (const auto& output : outputs) {
      const auto found = compared_.find(output.place.name);
      if (found == compared_.end() || !found->second.equal()) continue;
      const auto& path = first_->at(output.place.name).path;
      if (!object_problem(context_.store, path, true)) continue;
      exchange_object(context_.store, path, output.place.location);
    }
  }

  std::optional<BuildFailure> repeat(const std::vector<CollectedOutput>& outputs) {
    const unsigned repeat = request_.derivation->is_fixed() ? 0 : context_.config.repeat;
    for (unsigned round = 0; round < repeat; ++round) {
      if (world_ == BuildWorld::unsandboxed) {  // so that the next one has the same name
        area_.discard_build_directory();
        build_directory_.clear();
      }
      auto end = Making(context_, request_, attributes_, locks_, {}, identity_, observer_, stop_,
                        first_outputs(outputs))
                     .run_round();
      compared_ = std::move(end.compared);
      if (!end.failure) continue;
      forget_equal_ones();
      end.failure->message +=
          fmt::format(" (when it was made for time {} of {})", round + 2, repeat + 1);
      log_tail_ = std::move(end.log_tail);
      return std::move(end.failure);
    }
    return std::nullopt;
  }

  /// What is the same need not be kept twice.
  void forget_equal_ones() {
    for (auto& place : places_) {
      const auto found = compared_.find(place.name);
      if (found != compared_.end() && found->second.equal()) place.present = true;
    }
  }

  /// What is left for people to look at, as the end of a sentence.
  std::string keep() {
    const bool asked = context_.config.keep_failed || request_.limits.keep_failed;
    if (!asked || world_ == BuildWorld::builtin) return "";
    FailedAttempt attempt{
        request_.derivation->name, build_directory_, world_ == BuildWorld::sandboxed, places_, {}};
    if (context_.config.keep_beside_valid && made_again_ == MadeAgain::discarded) {
      for (const auto& [name, comparison] : compared_) {
        const auto& first = first_->at(name);
        if (first.valid && !comparison.equal()) attempt.checked.emplace(name, first.path);
      }
    }
    auto kept = keep_failed(context_.store.location(), area_, attempt);
    for (auto& [name, comparison] : compared_) {
      const auto at = kept.outputs.find(name);
      if (at != kept.outputs.end()) comparison.kept = at->second.string();
    }
    return std::move(kept.told);
  }

  /// Unsandboxed builders leave things in the store directory itself.
  void discard() noexcept {
    if (world_ != BuildWorld::unsandboxed) return;
    for (const auto& place : places_) {
      try {
        const bool registered = !place.floating && !place.redirected() &&
                                (installed_ || context_.store.is_valid(place.promised));
        if (!registered) remove_tree(place.location);
      } catch (const std::exception&) {  // not registered, so nobody takes it for whole
      }
    }
  }

  const AttemptContext& context_;
  const BuildRequest& request_;
  const DerivationAttributes& attributes_;
  const PathLocks& locks_;
  BuilderIdentity& identity_;
  BuildObserver& observer_;
  const std::stop_token& stop_;
  std::optional<FirstOutputs> first_;  ///< nothing: what is made is installed
  MadeAgain made_again_;
  BuildWorld world_;
  AttemptArea area_;
  std::filesystem::path directory_;
  std::vector<OutputPlace> places_;
  LogCapture log_;
  std::set<StorePath> input_closure_;
  std::set<StorePath> candidates_;  ///< what outputs may refer to: what the builder could see
  std::filesystem::path build_directory_;
  std::map<std::string, OutputComparison> compared_;
  std::map<std::string, StorePath> made_;
  std::optional<std::string> log_tail_;  ///< of a later round
  bool installed_ = false;
};

}  // namespace

MakingEnd make_outputs(const AttemptContext& context, const BuildRequest& request,
                       const DerivationAttributes& attributes, const PathLocks& locks,
                       const std::set<StorePath>& valid, BuilderIdentity& identity,
                       BuildObserver& observer, const std::stop_token& stop) {
  return Making(context, request, attributes, locks, valid, identity, observer, stop).run();
}

MakingEnd check_outputs(const AttemptContext& context, const BuildRequest& request,
                        const DerivationAttributes& attributes, const PathLocks& locks,
                        const std::set<StorePath>& valid, MadeAgain made_again,
                        BuilderIdentity& identity, BuildObserver& observer,
                        const std::stop_token& stop) {
  return Making(context, request, attributes, locks, valid, identity, observer, stop,
                valid_outputs(context.store, request.output_paths, valid), made_again)
      .run();
}

}  // namespace grange
