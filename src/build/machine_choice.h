#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "build/machines.h"

namespace grange {

/// What a machine must have, to make one derivation.
struct MachineDemand {
  std::string system;
  std::set<std::string> features;
};

/// Can it make that? It has the system and all features, and the demand has one of those features
/// without which the machine makes nothing: all of them, as Nix has it.
bool fits(const RemoteMachine& machine, const MachineDemand& demand);

/// What is going on at a machine.
struct MachineLoad {
  unsigned running = 0;
  bool usable = true;  ///< false: it is not asked now
};

/// Nix's rule (nix-store.md §9.4): of those that fit, are usable and have a free slot, the one
/// least loaded for its speed; then the faster one; then the one with fewer running; then the
/// first.
std::optional<std::size_t> choose_machine(const std::vector<RemoteMachine>& machines,
                                          const std::vector<MachineLoad>& loads,
                                          const MachineDemand& demand);

}  // namespace grange
