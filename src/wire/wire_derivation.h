#pragma once

#include "derivation/derivation.h"
#include "wire/wire_values.h"

namespace grange {

/// A derivation as it travels to a builder: behind its path, and without input derivations.
struct WireDerivation {
  StorePath path;
  Derivation derivation;  ///< its name is that of `path`

  /// Checks the form of the derivation (check_derivation_form), not whether paths are right.
  static WireDerivation read(WireReader& in);
  /// Throws InvalidError where there are input derivations left.
  void write(WireWriter& out) const;
};

}  // namespace grange
