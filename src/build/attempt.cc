#include "build/attempt.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "build/build_report.h"
#include "build/builder_identity.h"
#include "build/make_outputs.h"
#include "build/requirements.h"
#include "derivation/attributes.h"

namespace grange {
namespace {

class Attempt {
 public:
  Attempt(const AttemptContext& context, const BuildRequest& request, BuildObserver& observer,
          const std::stop_token& stop)
      : context_(context),
        store_(context.store),
        request_(request),
        observer_(observer),
        stop_(stop) {}

  BuildResult run() {
    const auto& config = context_.config;
    const auto shown = store_.store_dir().print(request_.derivation_path);
    try {
      attributes_ = DerivationAttributes::parse(*request_.derivation);
    } catch (const InvalidError& error) {
      return failed(
          {BuildFailure{Outcome::failed, fmt::format("cannot build '{}': {}", shown, error.what())},
           ""});
    }
    if (auto unmet = unmet_requirement(
            shown, *request_.derivation, attributes_, request_.policy,
            {config.system, config.extra_platforms, config.features, config.host_paths})) {
      return failed({std::move(*unmet), ""});
    }
    // Before the locks: while holding them we only wait for the builder itself.
    auto identity = take_identity();
    std::set<StorePath> promised;
    for (const auto& [name, path] : request_.output_paths) {
      store_.add_temporary_root(path);
      promised.insert(path);
    }
    auto locks = store_.lock(promised, stop_);
    locks.remove_files();
    const auto valid = store_.valid_among(promised);
    if (request_.policy.mode == BuildPolicy::Mode::check) {
      if (auto missing = invalid_outputs(valid)) return failed({std::move(*missing), ""});
      copy_sources();
      auto result = ended(
          check_outputs(context_, request_, attributes_, locks, valid, identity, observer_, stop_));
      std::erase_if(result.outputs, [&](const auto& one) { return !valid.contains(one.second); });
      return result;
    }
    if (has_all_wanted(valid)) {
      locks.release();
      return reported(good(true));
    }
    for (const auto& path : promised) {
      if (!valid.contains(path)) remove_tree(store_.real_path(path));
    }
    copy_sources();
    auto result = ended(
        make_outputs(context_, request_, attributes_, locks, valid, identity, observer_, stop_));
    locks.release();
    return result.good() ? reported(std::move(result)) : result;
  }

 private:
  static BuildResult failed(MakingEnd end) {
    BuildResult result;
    result.outcome = end.failure->outcome;
    result.message = std::move(end.failure->message);
    result.log_tail = std::move(end.log_tail);
    result.compared = std::move(end.compared);
    return result;
  }

  BuildResult ended(MakingEnd end) const {
    if (end.failure) return failed(std::move(end));
    auto result = good(false);
    result.compared = std::move(end.compared);
    return result;
  }

  /// What a check cannot do without: something to compare with.
  std::optional<BuildFailure> invalid_outputs(const std::set<StorePath>& valid) const {
    std::string names;
    for (const auto& [name, path] : request_.output_paths) {
      if (!is_wanted(name) || valid.contains(path)) continue;
      names += fmt::format("{}'{}' ('{}')", names.empty() ? "" : ", ", name,
                           store_.store_dir().print(path));
    }
    if (names.empty()) return std::nullopt;
    return BuildFailure{Outcome::unsupported,
                        fmt::format("cannot check '{}': not valid, so that there is nothing to "
                                    "compare with, are its outputs {}",
                                    store_.store_dir().print(request_.derivation_path), names)};
  }

  BuildResult good(bool already_valid) const {
    BuildResult result;
    result.outcome = Outcome::good;
    result.already_valid = already_valid;
    for (const auto& [name, path] : request_.output_paths) {
      if (!already_valid || is_wanted(name)) result.outputs.emplace(name, path);
    }
    return result;
  }

  /// With what its outputs say about it, which may be that it has failed all the same.
  BuildResult reported(BuildResult result) const {
    result.report = read_build_report(store_, result.outputs, request_.derivation->name,
                                      ProductHashes::compute, stop_);
    if (result.report.failed_output) {
      result.outcome = Outcome::failed_with_output;
      result.message = failed_output_message(*result.report.failed_output);
    }
    return result;
  }

  bool is_wanted(const std::string& output) const {
    return request_.wanted.empty() || request_.wanted.contains(output);
  }

  bool has_all_wanted(const std::set<StorePath>& valid) const {
    return std::all_of(request_.output_paths.begin(), request_.output_paths.end(),
                       [&](const auto& output) {
                         return !is_wanted(output.first) || valid.contains(output.second);
                       });
  }

  BuilderIdentity take_identity() const {
    const auto world = build_world(*request_.derivation, attributes_, request_.policy);
    if (context_.pool == nullptr || world == BuildWorld::builtin) return {};
    BuilderIdentity identity(*context_.pool, stop_);
    if (world == BuildWorld::unsandboxed) identity.enter_store(store_.location());
    return identity;
  }

  void copy_sources() {
    const auto& sources = request_.derivation->input_sources;
    if (sources.empty()) return;
    for (const auto& source : sources) store_.add_temporary_root(source);
    const auto valid = store_.valid_among(sources);
    std::set<StorePath> missing;
    std::set_difference(sources.begin(), sources.end(), valid.begin(), valid.end(),
                        std::inserter(missing, missing.end()));
    if (missing.empty()) return;
    observer_.phase("copying sources");
    with_context(
        [&] {
          return fmt::format("while copying the sources of '{}'",
                             store_.store_dir().print(request_.derivation_path));
        },
        [&] { store_.copy_closure_from(context_.eval_store, missing, stop_); });
  }

  const AttemptContext& context_;
  LocalStore& store_;
  const BuildRequest& request_;
  BuildObserver& observer_;
  const std::stop_token& stop_;
  DerivationAttributes attributes_;
};

}  // namespace

BuildResult run_attempt(const AttemptContext& context, const BuildRequest& request,
                        BuildObserver& observer, const std::stop_token& stop) {
  const auto start = context.clock.now();
  try {
    auto result = Attempt(context, request, observer, stop).run();
    result.start = start;
    result.stop = context.clock.now();
    return result;
  } catch (const SystemError& error) {
    if (error.code() != ENOSPC && error.code() != EDQUOT) throw;
    throw UnavailableError(fmt::format("the disk is full while building '{}': {}",
                                       context.store.store_dir().print(request.derivation_path),
                                       error.what()));
  }
}

}  // namespace grange
