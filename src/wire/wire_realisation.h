#pragma once

#include <set>
#include <string>

#include "derivation/realisation.h"
#include "wire/wire_values.h"

namespace grange {

/// The id of an output as a text: "sha256:HEX!OUTPUT".
template <>
struct WireCodec<DrvOutput> {
  static DrvOutput read(WireReader& in);
  static void write(WireWriter& out, const DrvOutput& id);
};

/// A realisation as JSON text, as from 1.31 and 2.6 on.
template <>
struct WireCodec<Realisation> {
  static Realisation read(WireReader& in);
  static void write(WireWriter& out, const Realisation& realisation);
};

/// How newer peers name an output: by the path of its derivation (feature
/// `realisation-with-path-not-hash`, and serve 2.8).
struct OutputOfDerivation {
  StorePath derivation;
  std::string output;

  static OutputOfDerivation read(WireReader& in);
  void write(WireWriter& out) const;
  friend auto operator<=>(const OutputOfDerivation&, const OutputOfDerivation&) = default;
};

/// Where an output lies, in the same newer form.
struct RealisedOutput {
  StorePath path;
  std::set<std::string> signatures{};  ///< "NAME:BASE64"

  static RealisedOutput read(WireReader& in);
  void write(WireWriter& out) const;
  friend auto operator<=>(const RealisedOutput&, const RealisedOutput&) = default;
};

/// Both together: a newer realisation.
struct NewRealisation {
  OutputOfDerivation key;
  RealisedOutput value;

  static NewRealisation read(WireReader& in);
  void write(WireWriter& out) const;
  friend auto operator<=>(const NewRealisation&, const NewRealisation&) = default;
};

}  // namespace grange
