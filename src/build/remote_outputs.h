#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "build/attempt_area.h"
#include "build/build_failure.h"
#include "build/builder.h"
#include "build/output_maker.h"
#include "store/store.h"

namespace grange {

/// Outputs that another machine has made, on their way into the destination store.
struct RemoteOutputs {
  const BuildRequest& request;
  const DerivationAttributes& attributes;
  const std::set<StorePath>& input_closure;       ///< what they may refer to, beside each other
  const std::map<std::string, StorePath>& paths;  ///< where they are over there: all of them
  const std::set<StorePath>& valid;               ///< here already
};

/// Copies them into the area, checks them as what was made here is checked, and registers all of
/// them at once. `from` is the machine; its errors, and an output that it does not have, are
/// thrown.
MakingEnd take_remote_outputs(Store& from, LocalStore& store, const RemoteOutputs& outputs,
                              BuildArea& areas, const std::stop_token& stop);

}  // namespace grange
