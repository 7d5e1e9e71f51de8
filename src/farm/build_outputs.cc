#include "farm/build_outputs.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "build/output_maps.h"
#include "farm/attempt_log.h"
#include "farm/target_reports.h"
#include "store/verify.h"

namespace grange {
namespace {

BuiltOutputs result_of(const DerivationGraph& graph, const RealiseRequest& request,
                       const Realised& finished, const TargetReports& reports) {
  BuiltOutputs made{graph.path(request.derivation), finished.outcome, finished.message, {}, {}};
  if (finished.outcome != Outcome::good && finished.outcome != Outcome::failed_with_output) {
    for (const auto input : finished.failed_inputs) {
      made.message += "\n" + graph.store_dir().print(graph.path(input)) + " failed";
    }
    return made;
  }
  auto names = request.outputs.empty() ? graph.output_names(request.derivation) : request.outputs;
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name == "out"; });
  for (const auto& name : names) {
    const auto path = finished.outputs.find(name);
    if (path != finished.outputs.end()) made.paths.emplace_back(name, path->second);
  }
  made.report = reports.of(request.derivation, finished.outputs);
  apply_report(made.report, made.outcome, made.message);
  return made;
}

/// Finishes the requests whose outputs are not valid: nothing is made for a check that cannot be.
/// The others keep their places in `asked`.
std::vector<RealiseRequest> checkable(const DerivationGraph& graph,
                                      const std::vector<RealiseRequest>& requests,
                                      LocalStore& store, std::vector<Realised>& finished,
                                      std::vector<std::size_t>& asked) {
  std::vector<StorePath> derivations;
  for (const auto& request : requests) derivations.push_back(graph.path(request.derivation));
  const auto maps = output_maps(graph, derivations, store);
  std::set<StorePath> paths;
  for (const auto& map : maps) {
    for (const auto& [name, path] : map) {
      if (path) paths.insert(*path);
    }
  }
  for (const auto& path : paths) store.add_temporary_root(path);
  const auto valid = store.valid_among(paths);
  std::vector<RealiseRequest> remaining;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& request = requests[i];
    std::string missing;
    for (const auto& [name, path] : maps[i]) {
      const auto& wanted = request.outputs;
      const bool asked_for =
          wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
      if (!asked_for || (path && valid.contains(*path))) continue;
      missing += " '" + (path ? store.store_dir().print(*path) : name) + "'";
    }
    if (missing.empty()) {
      remaining.push_back(request);
      asked.push_back(i);
    } else {
      finished[i].outcome = Outcome::unsupported;
      finished[i].message =
          "cannot be checked: there is nothing to compare with, because not valid "
          "is" +
          missing;
    }
  }
  return remaining;
}

/// Replaces what is damaged of these outputs by what the substituters have.
void fetch_damaged(Workshop& workshop, const std::map<std::string, StorePath>& outputs,
                   const std::stop_token& stop) {
  if (workshop.substituters().empty()) return;
  auto& store = workshop.store();
  for (const auto& [name, path] : outputs) {
    if (!object_problem(store, path, true)) continue;
    if (const auto info = store.path_info(path)) {
      workshop.substituters().repair_path(store, *info, stop);
    }
  }
}

}  // namespace

WantedOutputs WantedOutputs::parse(std::string_view text) {
  const auto separator = text.find_last_of("^!");
  const std::string_view file = text.substr(0, separator);
  const auto slash = file.rfind('/');
  const auto base_name = slash == std::string_view::npos ? file : file.substr(slash + 1);
  WantedOutputs wanted{StorePath::parse(base_name), {}};
  if (!wanted.derivation.is_derivation()) {
    throw InvalidError("'" + std::string(file) +
                       "' is no derivation: its name does not end in .drv");
  }
  if (separator == std::string_view::npos) return wanted;
  const auto names = text.substr(separator + 1);
  if (names == "*") return wanted;
  for (const auto name : split(names, ',')) {
    if (name.empty()) throw InvalidError("'" + std::string(text) + "' names an empty output");
    wanted.outputs.emplace_back(name);
  }
  return wanted;
}

std::vector<BuiltOutputs> build_outputs(const std::vector<WantedOutputs>& wanted,
                                        Workshop& workshop, unsigned jobs, const StepLimits& limits,
                                        Record& record, const Clock& clock, CiObserver& observer,
                                        std::stop_token stop, BuildPolicy::Mode mode) {
  std::vector<StorePath> roots;
  for (const auto& outputs : wanted) roots.push_back(outputs.derivation);
  const auto& location = workshop.eval_store().location();
  const auto graph =
      DerivationGraph::load(location.store_dir, roots, directory_reader(location.real_store));
  std::vector<RealiseRequest> requests;
  for (const auto& outputs : wanted) {
    const auto index = graph.find(outputs.derivation);
    if (!index || graph.state(*index) == DerivationGraph::State::missing) {
      throw NotFoundError("derivation '" + location.store_dir.print(outputs.derivation) +
                          "' is not in the eval store at '" + location.real_store.string() +
                          "'; name the store that has it with --eval-store");
    }
    requests.push_back({*index, outputs.outputs, limits});
  }
  std::vector<Realised> finished(requests.size());
  std::vector<std::size_t> asked(requests.size());
  std::iota(asked.begin(), asked.end(), 0);
  auto remaining = requests;
  std::vector<AttemptReport> attempts;
  AttemptLog log(graph, record, clock, workshop.policy(), observer, attempts);
  RealiseOptions options;
  options.jobs = jobs;
  options.policy = workshop.policy();
  options.substituters = &workshop.substituters();
  const auto make = [&] {
    const auto ended = realise(graph, workshop.eval_store(), workshop.store(), workshop.builder(),
                               remaining, options, log, stop);
    for (std::size_t i = 0; i < ended.size(); ++i) finished[asked[i]] = ended[i];
  };
  try {
    if (mode == BuildPolicy::Mode::check) {
      asked.clear();
      remaining = checkable(graph, requests, workshop.store(), finished, asked);
    } else if (mode == BuildPolicy::Mode::repair) {
      make();
      asked.clear();
      remaining.clear();
      for (std::size_t i = 0; i < requests.size(); ++i) {
        if (finished[i].outcome != Outcome::good) continue;
        fetch_damaged(workshop, finished[i].outputs, stop);
        remaining.push_back(requests[i]);
        asked.push_back(i);
      }
    }
    options.policy.mode = mode;
    make();
  } catch (...) {
    log.flush();
    throw;
  }
  log.flush();
  std::vector<BuiltOutputs> made;
  const TargetReports reports(workshop.store(), graph, attempts, stop);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    made.push_back(result_of(graph, requests[i], finished[i], reports));
  }
  return made;
}

}  // namespace grange
