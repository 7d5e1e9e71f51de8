#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/store_reference.h"

namespace grange {

/// A machine that builds for others, as a line of Nix's machine files names it (nix-store.md §9.4):
/// STORE SYSTEMS KEY JOBS SPEED FEATURES MANDATORY HOSTKEY, each but the first may be left out or
/// "-".
struct RemoteMachine {
  StoreReference store;  ///< with the parameters for key and host key
  std::set<std::string> systems;
  unsigned jobs = 1;                  ///< at once, at least 1
  double speed = 1.0;                 ///< relative to others, above 0
  std::set<std::string> features{};   ///< that it has, with the mandatory ones
  std::set<std::string> mandatory{};  ///< without one of these, nothing is made there

  friend bool operator==(const RemoteMachine&, const RemoteMachine&) = default;
};

/// What `--builders` and machine files hold: machines by lines or by ';', "#" begins a comment, and
/// "@FILE" stands for what a file holds. `own_system` is that of machines that name none. Throws
/// InvalidError, naming the line; NotFoundError for a file.
std::vector<RemoteMachine> parse_machines(std::string_view text, const std::string& own_system);

}  // namespace grange
