#pragma once

#include <set>

#include "derivation/drv_output.h"
#include "derivation/store_path.h"

namespace grange {

/// What may be had from substituters for some outputs.
struct Fetchable {
  std::set<StorePath> paths;
  std::set<DrvOutput> ids;  ///< of those whose paths are not known
};

}  // namespace grange
