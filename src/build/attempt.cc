#include "build/attempt.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "build/build_report.h"
#include "build/output_places.h"
#include "derivation/aterm.h"
#include "derivation/attributes.h"
#include "store/verify.h"

namespace grange {
namespace {

class Attempt {
 public:
  Attempt(const AttemptStores& stores, OutputMaker& maker, const BuildRequest& request,
          BuildObserver& observer, const std::stop_token& stop)
      : stores_(stores),
        store_(stores.store),
        maker_(maker),
        request_(request),
        observer_(observer),
        stop_(stop) {}

  BuildResult run() {
    const auto shown = store_.store_dir().print(request_.derivation_path);
    try {
      attributes_ = DerivationAttributes::parse(*request_.derivation);
    } catch (const InvalidError& error) {
      return failed(
          {BuildFailure{Outcome::failed, fmt::format("cannot build '{}': {}", shown, error.what())},
           ""});
    }
    if (auto unmet = maker_.unmet(request_, attributes_)) return failed({std::move(*unmet), ""});
    maker_.prepare(request_, attributes_);
    auto locks = store_.lock(lock_names(), stop_);
    locks.remove_files();
    known_ = known_outputs();
    std::set<StorePath> paths;
    for (const auto& [name, path] : known_) {
      store_.add_temporary_root(path);
      paths.insert(path);
    }
    const auto valid = store_.valid_among(paths);
    switch (request_.policy.mode) {
      case BuildPolicy::Mode::normal:
        break;
      case BuildPolicy::Mode::check:
        return check(locks, valid);
      case BuildPolicy::Mode::repair:
        if (is_undamaged(valid)) return reported(good(true, known_));
        return check(locks, valid);
    }
    if (has_all_wanted(valid)) {
      locks.release();
      return reported(good(true, known_));
    }
    for (const auto& [name, path] : request_.output_paths) {
      if (!valid.contains(path)) remove_tree(store_.real_path(path));
    }
    copy_sources();
    add_derivation();
    auto end = maker_.make(request_, attributes_, locks, valid);
    if (end.failure) return failed(std::move(end));
    auto outputs = std::move(end.outputs);
    outputs.insert(request_.output_paths.begin(), request_.output_paths.end());
    auto result = good(false, outputs);
    result.compared = std::move(end.compared);
    register_realisations(result);
    locks.release();
    return reported(std::move(result));
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

  bool is_undamaged(const std::set<StorePath>& valid) const {
    return has_all_wanted(valid) && std::none_of(valid.begin(), valid.end(), [&](const auto& path) {
             return object_problem(store_, path, true).has_value();
           });
  }

  BuildResult check(const PathLocks& locks, const std::set<StorePath>& valid) {
    if (auto missing = invalid_outputs(valid)) return failed({std::move(*missing), ""});
    copy_sources();
    auto request = request_;
    request.output_paths = known_;
    auto end = maker_.check(request, attributes_, locks, valid);
    if (end.failure) return failed(std::move(end));
    auto result = good(false, known_);
    result.compared = std::move(end.compared);
    std::erase_if(result.outputs, [&](const auto& one) { return !valid.contains(one.second); });
    return result;
  }

  /// The outputs' own paths; for those that are not known, a name that nobody else has.
  std::set<StorePath> lock_names() const {
    std::set<StorePath> names;
    for (const auto& [name, output] : request_.derivation->outputs) {
      const auto path = request_.output_paths.find(name);
      names.insert(path != request_.output_paths.end() ? path->second
                                                       : lock_name(request_.derivation_path, name));
    }
    return names;
  }

  /// Where outputs are: also those that somebody has made while we waited.
  std::map<std::string, StorePath> known_outputs() const {
    auto known = request_.output_paths;
    if (!request_.drv_output_hash) return known;
    std::set<DrvOutput> ids;
    for (const auto& [name, output] : request_.derivation->outputs) {
      if (!known.contains(name)) ids.insert({*request_.drv_output_hash, name});
    }
    for (const auto& [id, realisation] : store_.realisations(ids)) {
      known.emplace(id.output, realisation.out_path);
    }
    return known;
  }

  /// What a check cannot do without: something to compare with.
  std::optional<BuildFailure> invalid_outputs(const std::set<StorePath>& valid) const {
    std::string names;
    for (const auto& [name, output] : request_.derivation->outputs) {
      const auto path = known_.find(name);
      const bool known = path != known_.end();
      if (!is_wanted(name) || (known && valid.contains(path->second))) continue;
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
      if (known) names += fmt::format(" ('{}')", store_.store_dir().print(path->second));
    }
    if (names.empty()) return std::nullopt;
    return BuildFailure{Outcome::unsupported,
                        fmt::format("cannot check '{}': not valid, so that there is nothing to "
                                    "compare with, are its outputs {}",
                                    store_.store_dir().print(request_.derivation_path), names)};
  }

  BuildResult good(bool already_valid, const std::map<std::string, StorePath>& outputs) const {
    BuildResult result;
    result.outcome = Outcome::good;
    result.already_valid = already_valid;
    for (const auto& [name, path] : outputs) {
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

  /// Others who ask for what was resolved find it by its own derivation.
  void add_derivation() {
    if (!request_.unresolved_path) return;
    store_.add_temporary_root(request_.derivation_path);
    fault_point("build.before-derivation");
    store_.add_text(request_.derivation_path.name(),
                    print_aterm(*request_.derivation, store_.store_dir()),
                    derivation_references(*request_.derivation));
  }

  void register_realisations(BuildResult& result) {
    if (!request_.drv_output_hash) return;
    std::vector<Realisation> realisations;
    for (const auto& [name, path] : result.outputs) {
      realisations.push_back({{*request_.drv_output_hash, name}, path, {}});
    }
    fault_point("build.before-realisations");
    result.conflicts = store_.register_realisations(realisations);
    fault_point("build.after-realisations");
    for (const auto& conflict : result.conflicts) {
      store_.add_temporary_root(conflict.kept);
      result.outputs.insert_or_assign(conflict.id.output, conflict.kept);
    }
    for (auto& realisation : realisations) {
      const auto name = realisation.id.output;
      realisation.out_path = result.outputs.at(name);
      result.realisations.emplace(name, std::move(realisation));
    }
  }

  bool is_wanted(const std::string& output) const {
    return request_.wanted.empty() || request_.wanted.contains(output);
  }

  bool has_all_wanted(const std::set<StorePath>& valid) const {
    const auto& outputs = request_.derivation->outputs;
    return std::all_of(outputs.begin(), outputs.end(), [&](const auto& output) {
      const auto path = known_.find(output.first);
      return !is_wanted(output.first) || (path != known_.end() && valid.contains(path->second));
    });
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
        [&] { store_.copy_closure_from(stores_.eval_store, missing, stop_); });
  }

  const AttemptStores& stores_;
  LocalStore& store_;
  OutputMaker& maker_;
  const BuildRequest& request_;
  BuildObserver& observer_;
  const std::stop_token& stop_;
  DerivationAttributes attributes_;
  std::map<std::string, StorePath> known_;  ///< where outputs are, since the locks are held
};

}  // namespace

BuildResult run_attempt(const AttemptStores& stores, OutputMaker& maker,
                        const BuildRequest& request, BuildObserver& observer,
                        const std::stop_token& stop) {
  const auto start = stores.clock.now();
  try {
    auto result = Attempt(stores, maker, request, observer, stop).run();
    result.start = start;
    result.stop = stores.clock.now();
    return result;
  } catch (const SystemError& error) {
    if (error.code() != ENOSPC && error.code() != EDQUOT) throw;
    throw UnavailableError(fmt::format("the disk is full while building '{}': {}",
                                       stores.store.store_dir().print(request.derivation_path),
                                       error.what()));
  }
}

}  // namespace grange
