#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/derivation.h"

namespace grange {

/// What an output must keep to (nix-store.md §10.6). Lists hold store paths and output names, not
/// looked at yet.
struct OutputChecks {
  std::optional<std::uint64_t> max_size;          ///< of its NAR, in bytes
  std::optional<std::uint64_t> max_closure_size;  ///< sum over its closure, in bytes
  std::optional<std::vector<std::string>> allowed_references;
  std::optional<std::vector<std::string>> allowed_requisites;
  std::optional<std::vector<std::string>> disallowed_references;
  std::optional<std::vector<std::string>> disallowed_requisites;
  /// Is the output itself not among its requisites? So outside structured attributes.
  bool ignore_self = true;

  friend bool operator==(const OutputChecks&, const OutputChecks&) = default;
};

/// A closure that the builder asks to be told of (exportReferencesGraph): as the file `name`, or
/// with structured attributes as the attribute `name`.
struct ExportedGraph {
  std::string name;
  std::vector<std::string> paths;

  friend bool operator==(const ExportedGraph&, const ExportedGraph&) = default;
};

/// What a derivation says about how it is to be built: in environment variables, or with structured
/// attributes (`__json`) in that JSON alone. Plain values, parsed once per attempt; attributes that
/// only the builder reads are not here.
struct DerivationAttributes {
  /// Throws InvalidError for JSON that is malformed, too large or too deep, and for attributes of a
  /// wrong type.
  static DerivationAttributes parse(const Derivation& derivation);

  /// Does the builder get its attributes in files, not as variables?
  bool structured() const { return json.has_value(); }
  /// What holds for one output; nothing when nothing is demanded.
  const OutputChecks* checks_of(std::string_view output) const;

  std::optional<std::string> json;  ///< the text of structured attributes: an object
  std::vector<std::string> required_features;
  std::vector<std::string> impure_variables;   ///< impureEnvVars
  std::vector<std::string> impure_host_paths;  ///< __impureHostDeps
  bool no_sandbox = false;                     ///< __noChroot
  bool prefer_local = false;                   ///< preferLocalBuild
  bool allow_substitutes = true;               ///< allowSubstitutes
  std::vector<ExportedGraph> exported_graphs;

  friend bool operator==(const DerivationAttributes&, const DerivationAttributes&) = default;

 private:
  friend class AttributeReader;
  std::optional<OutputChecks> common_checks_;  ///< for all outputs alike
  std::map<std::string, OutputChecks, std::less<>> output_checks_;
};

}  // namespace grange
