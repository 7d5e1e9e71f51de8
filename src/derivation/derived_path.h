#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/store_path.h"

namespace grange {

/// How texts of derived paths part a derivation from its outputs (nix-store.md §8.5).
enum class DerivedPathForm : char {
  wire = '!',   ///< between programs
  human = '^',  ///< on newer command lines
};

/// One store object: a path that is known, or the output of a derivation that is itself named so.
struct SingleDerivedPath {
  StorePath path;
  /// From `path` outwards: each names an output of what the part before it stands for. Empty: the
  /// path itself.
  std::vector<std::string> through{};
  friend auto operator<=>(const SingleDerivedPath&, const SingleDerivedPath&) = default;
};

/// What can be asked to be made: a path as it is, or outputs of a derivation.
struct DerivedPath {
  enum class Kind {
    opaque,   ///< `of`, which is then a plain path, also where it ends in ".drv"
    all,      ///< every output of the derivation `of`
    outputs,  ///< `outputs` of the derivation `of`
  };

  SingleDerivedPath of;
  Kind kind = Kind::opaque;
  std::set<std::string> outputs{};  ///< not empty exactly for Kind::outputs

  static DerivedPath opaque(StorePath path);
  static DerivedPath all_of(StorePath derivation);
  static DerivedPath outputs_of(StorePath derivation, std::set<std::string> outputs);

  /// "PATH", "DRV!*", "DRV!OUT,OUT", "DRV!OUT!OUT" for outputs of outputs. Throws InvalidError.
  static DerivedPath parse(const StoreDir& store, std::string_view text, DerivedPathForm form);
  std::string print(const StoreDir& store, DerivedPathForm form) const;

  /// The form of worker protocols below 1.30 and of the serve protocol: "PATH" or "PATH!OUT,OUT",
  /// where a bare path of a derivation stands for all its outputs. Throws InvalidError.
  static DerivedPath parse_old(const StoreDir& store, std::string_view text);
  /// Throws InvalidError for what that form cannot say: a .drv as it is, outputs of outputs.
  std::string print_old(const StoreDir& store) const;

  friend auto operator<=>(const DerivedPath&, const DerivedPath&) = default;
};

}  // namespace grange
