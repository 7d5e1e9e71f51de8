#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/jobset_input.h"

namespace grange {

/// Where a flake, or an input of one, is: something that is fetched as an input of a jobset is.
struct FlakeReference {
  JobsetInput input;
  std::string directory;  ///< of flake.nix in it, relative; empty: its top

  friend bool operator==(const FlakeReference&, const FlakeReference&) = default;
};

/// A flake as people name it: "git+https://HOST/PATH?ref=BRANCH&rev=REVISION&dir=DIRECTORY" (and
/// git+http, git+ssh, git+file), "github:OWNER/REPOSITORY[/BRANCH-OR-REVISION]" (and gitlab,
/// sourcehut), "path:/DIRECTORY" or "/DIRECTORY", "https://HOST/X.tar.gz" (and tarball+https). The
/// input gets this name. Throws InvalidError, also for names of registries, and for one with "#".
FlakeReference parse_flake_reference(const std::string& name, std::string_view url);

/// The same of what a lock file says is locked: one revision or content, whatever else changes.
FlakeReference locked_flake_reference(const std::string& name, const nlohmann::json& locked);

/// The repository of a git flake, as its input names it; empty: it is none.
std::string flake_repository(std::string_view url);

}  // namespace grange
