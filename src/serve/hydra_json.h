#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "derivation/store_path.h"
#include "record/builds.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/steps.h"

namespace grange {

using HydraJson = nlohmann::ordered_json;

// The values of Hydra's API, field by field (hydra.md §4.2). Times are whole seconds since 1970,
// and null where there is none; a text that nobody gave is "" or null as Hydra has it. Input types
// have the same names here and there; "tarball" is ours alone.

/// Hydra's number for how a build or a step ended. What was never tried counts as aborted.
int hydra_build_status(Outcome outcome) noexcept;

/// `jobsets`: the names of those that who asks sees.
HydraJson hydra_project(const Project& project, const std::vector<std::string>& jobsets);
HydraJson hydra_jobset(const Jobset& jobset);
/// One of /api/jobsets.
HydraJson hydra_jobset_overview(const Jobset& jobset);

/// What a build has in other tables.
struct HydraBuildParts {
  std::vector<std::int64_t> evaluations;
  std::map<std::string, StorePath> outputs;
  BuildReport report;
};
/// `jobset`: null where it is not known.
HydraJson hydra_build(const BuildRow& build, const Jobset* jobset, const HydraBuildParts& parts,
                      const StoreDir& store_dir);
/// The short form, of /api/latestbuilds and /api/queue.
HydraJson hydra_short_build(const BuildRow& build, const Jobset* jobset);

HydraJson hydra_evaluation(const EvaluationRow& evaluation,
                           const std::vector<EvaluationInputRow>& inputs,
                           const std::vector<std::int64_t>& builds);

/// Pages of lists, from 1 on, 20 each, as Hydra has them.
struct HydraPage {
  static constexpr std::int64_t kLength = 20;
  std::int64_t number = 1;
  std::int64_t total = 0;  ///< of all entries

  std::int64_t last() const;
  std::int64_t skipped() const { return (number - 1) * kLength; }
};
/// {"evals": LIST, "first": "?page=1", …}.
HydraJson hydra_evaluation_list(HydraJson list, const HydraPage& page);

/// `number`: of the step within its build; `build`: as hydra_build gives it.
HydraJson hydra_step(const StepRow& step, std::int64_t number, HydraJson build,
                     const StoreDir& store_dir);

/// A badge, as shields.io takes it, of how the last finished build of a job ended.
HydraJson hydra_badge(const std::optional<Outcome>& outcome);

}  // namespace grange
