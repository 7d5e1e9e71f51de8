#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "build/build_failure.h"
#include "derivation/derivation.h"
#include "plan/plan.h"

namespace grange {

/// What this machine can make.
struct Machine {
  std::string system;                        ///< "x86_64-linux"
  std::vector<std::string> extra_platforms;  ///< "i686-linux"
  std::vector<std::string> features;
};

/// Is its builder one of our own, "builtin:NAME"?
bool is_builtin(const Derivation& derivation);

/// Why this machine cannot try to make the derivation (`unsupported`, or `failed` where no machine
/// could); nothing when it can. `shown` is the derivation's full path.
std::optional<BuildFailure> unmet_requirement(std::string_view shown, const Derivation& derivation,
                                              const BuildPolicy& policy, const Machine& machine);

/// Does this system's code need a 32-bit personality on a machine of `machine_system`?
bool needs_32bit_personality(std::string_view system, std::string_view machine_system);

}  // namespace grange
