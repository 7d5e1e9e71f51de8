#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "record/jobsets.h"
#include "record/projects.h"

namespace grange {

// The bodies that Hydra's clients PUT (hydra.md §4.3). What they leave out is as Hydra has it: a
// flag that is not there is false. Unlike in Hydra one that is there and says false is false, too.
// Flags may be 0 and 1, numbers may be texts; fields that nobody knows are passed over. All throw
// InvalidFieldsError.

struct HydraProjectBody {
  ProjectSettings settings;  ///< without an owner
  std::optional<std::string> owner;
};
/// `name`: as the path has it, for a body that names none.
HydraProjectBody parse_hydra_project(nlohmann::json body, const std::string& name);

/// `present`: what it replaces, which keeps what Hydra has no word for.
JobsetSettings parse_hydra_jobset(nlohmann::json body, const std::string& name,
                                  const std::optional<JobsetSettings>& present);

}  // namespace grange
