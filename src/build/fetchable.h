#pragma once

#include <map>
#include <set>

#include "derivation/build_trace.h"
#include "derivation/drv_output.h"
#include "derivation/store_path.h"

namespace grange {

/// What may be had from substituters for some outputs.
struct Fetchable {
  std::set<StorePath> paths;
  std::set<DrvOutput> ids;                        ///< of those whose paths are not known
  std::map<DrvOutput, BuildTraceKey> trace_keys;  ///< what newer Nixes call those
};

}  // namespace grange
