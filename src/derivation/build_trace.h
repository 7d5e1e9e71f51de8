#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>

#include "derivation/store_path.h"

namespace grange {

/// How newer Nixes (2.35 on) name an output: by the path of its derivation.
struct BuildTraceKey {
  StorePath derivation;
  std::string output;

  friend auto operator<=>(const BuildTraceKey&, const BuildTraceKey&) = default;
};

/// Their form of a realisation (nix-store.md §6.1): where an output lies. It has no dependencies. A
/// value; says nothing of whether it is trusted.
struct BuildTraceEntry {
  BuildTraceKey key;
  StorePath out_path;
  std::set<std::string> signatures{};  ///< "NAME:BASE64"

  /// The content of a file of `build-trace-v2/`, which holds what is not the key. A signature is
  /// its text, or an object of the name and the rest. Unknown keys are passed over, and signatures
  /// without a name. Throws
  /// InvalidError.
  static BuildTraceEntry parse(BuildTraceKey key, std::string_view json);
  /// That content: one line, keys sorted.
  std::string to_json() const;
  /// What is signed: key and path.
  std::string fingerprint() const;

  friend bool operator==(const BuildTraceEntry&, const BuildTraceEntry&) = default;
};

}  // namespace grange
