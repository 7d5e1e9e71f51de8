#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "build/build_failure.h"
#include "build/output_places.h"
#include "derivation/attributes.h"
#include "derivation/derivation.h"
#include "plan/plan.h"

namespace grange {

/// What this machine can make.
struct Machine {
  std::string system;                        ///< "x86_64-linux"
  std::vector<std::string> extra_platforms;  ///< "i686-linux"
  std::vector<std::string> features;
  std::vector<std::string> host_paths;  ///< what `__impureHostDeps` may name, with all below
};

/// Is its builder one of our own, "builtin:NAME"?
bool is_builtin(const Derivation& derivation);

/// Does the machine have the system and the features?
bool runs_on(const Machine& machine, const Derivation& derivation,
             const DerivationAttributes& attributes);

/// In which world its outputs are made. Under the relaxed policy those that set __noChroot are made
/// without a sandbox; fixed-output derivations, which Nix then lets out too, stay in theirs.
BuildWorld build_world(const Derivation& derivation, const DerivationAttributes& attributes,
                       const BuildPolicy& policy);

/// Does its builder see the network and some of this process's environment? What is fixed may, and
/// what is made anew each time.
bool is_impure_world(const Derivation& derivation);

/// Why this machine cannot try to make the derivation (`unsupported`, or `failed` where no machine
/// could); nothing when it can. `shown` is the derivation's full path.
std::optional<BuildFailure> unmet_requirement(std::string_view shown, const Derivation& derivation,
                                              const DerivationAttributes& attributes,
                                              const BuildPolicy& policy, const Machine& machine);

/// Does this system's code need a 32-bit personality on a machine of `machine_system`?
bool needs_32bit_personality(std::string_view system, std::string_view machine_system);

}  // namespace grange
