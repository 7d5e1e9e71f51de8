#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "build/builder.h"
#include "build/machines.h"
#include "build/requirements.h"

namespace grange {

struct MachineBuilderConfig {
  Machine here;             ///< what this machine can make
  unsigned local_jobs = 1;  ///< at once here; 0: only our own builders run here
  std::vector<RemoteMachine> machines;
  /// Makes the builder of a machine, when it is first used. Throws what keeps it from it.
  std::function<std::unique_ptr<Builder>(const RemoteMachine&)> open;
  StoreDir store_dir = StoreDir::nix();
};

/// Makes each step where it can be made: here where system and features fit and something is free,
/// else on the machine that Nix's rule chooses (machine_choice.h); waits while all that could make
/// it are busy. A machine that does not answer (MachineError) is left alone for a while, longer
/// each time, and the next one is tried; each is tried once in an attempt. Checks are made here.
///
/// `local` must outlive it. Throws UnavailableError where no machine that fits answered.
std::unique_ptr<Builder> make_machine_builder(Builder& local, const Clock& clock,
                                              MachineBuilderConfig config);

}  // namespace grange
