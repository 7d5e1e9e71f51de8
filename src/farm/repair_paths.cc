#include "farm/repair_paths.h"

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "build/output_maps.h"
#include "store/verify.h"

namespace grange {
namespace {

/// The output of its deriver that a path is; throws NotFoundError saying why there is none.
WantedOutputs output_that_is(const PathInfo& info, Workshop& workshop) {
  if (!info.deriver) throw NotFoundError("the store does not know what derivation made it");
  const auto& location = workshop.eval_store().location();
  const auto shown = location.store_dir.print(*info.deriver);
  if (!std::filesystem::exists(location.real_store / info.deriver->base_name())) {
    throw NotFoundError("its deriver '" + shown + "' is not in the eval store");
  }
  const std::vector<StorePath> derivers{*info.deriver};
  const auto graph =
      DerivationGraph::load(location.store_dir, derivers, directory_reader(location.real_store));
  const auto maps = output_maps(graph, derivers, workshop.store());
  for (const auto& map : maps) {
    for (const auto& [name, path] : map) {
      if (path == info.path) return {*info.deriver, {name}};
    }
  }
  throw NotFoundError("it is no output of its deriver '" + shown + "'");
}

class PathRepairs {
 public:
  PathRepairs(const std::vector<StorePath>& paths, const RepairMeans& means,
              const std::stop_token& stop)
      : means_(means), stop_(stop) {
    for (const auto& path : paths) repairs_.push_back({path, RepairedBy::nothing, ""});
  }

  std::vector<RepairedPath> run() {
    for (auto& repair : repairs_) {
      means_.workshop.store().add_temporary_root(repair.path);
      attempt(repair, [&] { fetch(repair); });
    }
    // What was made of damaged inputs may be better once those are repaired.
    for (bool again = true; again;) {
      again = false;
      for (auto& repair : repairs_) {
        if (repair.by != RepairedBy::nothing) continue;
        attempt(repair, [&] { build(repair); });
        again |= repair.by != RepairedBy::nothing;
      }
    }
    return std::move(repairs_);
  }

 private:
  /// One path's error is not another's.
  template <typename Repairing>
  static void attempt(RepairedPath& repair, const Repairing& repairing) {
    try {
      repairing();
    } catch (const CancelledError&) {
      throw;
    } catch (const Error& error) {
      repair.message = error.what();
    }
  }

  PathInfo registered(const RepairedPath& repair) const {
    auto info = means_.workshop.store().path_info(repair.path);
    if (!info) throw NotFoundError("it is not valid any more");
    return std::move(*info);
  }

  void fetch(RepairedPath& repair) {
    auto& workshop = means_.workshop;
    if (workshop.substituters().repair_path(workshop.store(), registered(repair), stop_)) {
      repair.by = RepairedBy::fetching;
    }
  }

  void build(RepairedPath& repair) {
    const auto wanted = output_that_is(registered(repair), means_.workshop);
    const auto made =
        build_outputs({wanted}, means_.workshop, means_.jobs, means_.limits, means_.record,
                      means_.clock, means_.observer, stop_, BuildPolicy::Mode::repair);
    if (const auto problem = object_problem(means_.workshop.store(), repair.path, true)) {
      const auto& message = made.front().message;
      repair.message = message.empty() ? *problem : message;
    } else {
      repair.by = RepairedBy::building;
      repair.message.clear();
    }
  }

  const RepairMeans& means_;
  const std::stop_token& stop_;
  std::vector<RepairedPath> repairs_;
};

}  // namespace

std::vector<RepairedPath> repair_paths(const std::vector<StorePath>& paths,
                                       const RepairMeans& means, const std::stop_token& stop) {
  return PathRepairs(paths, means, stop).run();
}

}  // namespace grange
