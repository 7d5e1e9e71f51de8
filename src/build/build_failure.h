#pragma once

#include <string>

#include "derivation/build_result.h"

namespace grange {

/// Why an attempt did not give what was promised: a value, as every failed build is.
struct BuildFailure {
  Outcome outcome = Outcome::failed;
  std::string message;
  std::string details{};  ///< more lines for people, which come last
};

}  // namespace grange
