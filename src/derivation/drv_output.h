#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace grange {

/// The id of one output of a derivation as Nix 2.8 knows it: the masked hash modulo and the
/// output's name (nix-store.md §4.3). Realisations go by it.
struct DrvOutput {
  Sha256 hash;
  std::string output;

  /// "sha256:HEX!OUTPUT". Throws InvalidError.
  static DrvOutput parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const DrvOutput&, const DrvOutput&) = default;
};

}  // namespace grange
