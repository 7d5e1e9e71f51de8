#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "derivation/drv_output.h"
#include "derivation/store_path.h"

namespace grange {

/// The statement that an output of a derivation was made and lies at a path, in the form that
/// Nix 2.8 keeps and signs (nix-store.md §6.1). A value; says nothing of whether it is trusted.
struct Realisation {
  DrvOutput id;
  StorePath out_path;
  std::set<std::string> signatures;               ///< "NAME:BASE64"
  std::map<DrvOutput, StorePath> dependencies{};  ///< realisations that this one was made from

  /// The content of a `.doi` file. Needs `id` and `outPath`; unknown keys are passed over, as Nix
  /// does. Throws InvalidError.
  static Realisation parse(std::string_view json);
  /// One line, keys sorted, without a line break at its end.
  std::string to_json() const;
  /// What is signed: the same without signatures.
  std::string fingerprint() const;

  friend bool operator==(const Realisation&, const Realisation&) = default;
};

/// A realisation that was not registered, because its id has another one already.
struct RealisationConflict {
  DrvOutput id;
  StorePath kept;
  StorePath refused;
};

}  // namespace grange
