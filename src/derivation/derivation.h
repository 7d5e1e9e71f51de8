#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "derivation/content_address.h"
#include "derivation/store_path.h"

namespace grange {

/// The five kinds of output (nix-store.md §3.1). One derivation has outputs of one kind only.
struct InputAddressedOutput {
  StorePath path;
  friend auto operator<=>(const InputAddressedOutput&, const InputAddressedOutput&) = default;
};
struct FixedOutput {
  ContentAddress address;
  StorePath path;  ///< as the .drv states it; see check_derivation for whether it is right
  friend auto operator<=>(const FixedOutput&, const FixedOutput&) = default;
};
struct FloatingOutput {
  ContentMethodAlgorithm promise;
  friend auto operator<=>(const FloatingOutput&, const FloatingOutput&) = default;
};
struct ImpureOutput {
  ContentMethodAlgorithm promise;
  friend auto operator<=>(const ImpureOutput&, const ImpureOutput&) = default;
};
struct DeferredOutput {
  friend auto operator<=>(const DeferredOutput&, const DeferredOutput&) = default;
};
using DerivationOutput =
    std::variant<InputAddressedOutput, FixedOutput, FloatingOutput, ImpureOutput, DeferredOutput>;

enum class DerivationKind { input_addressed, fixed, floating, impure, deferred };
std::string_view to_string(DerivationKind kind) noexcept;

/// What is used of one input derivation. `dynamic` is only for outputs that are derivations
/// themselves (`xp-dyn-drv`): the output's name, and what is used of the derivation it holds.
struct DerivationInput {
  std::set<std::string, std::less<>> outputs;
  std::map<std::string, DerivationInput, std::less<>> dynamic;
  friend bool operator==(const DerivationInput&, const DerivationInput&) = default;
};

/// A derivation as a value, owning its texts. Pure data: nothing here says that stated paths are
/// right. For whole closures use DerivationGraph.
struct Derivation {
  std::string name;  ///< from the file name, without ".drv"
  std::map<std::string, DerivationOutput, std::less<>> outputs;
  std::map<StorePath, DerivationInput> inputs;
  std::set<StorePath> input_sources;
  std::string system;
  std::string builder;
  std::vector<std::string> arguments;
  std::map<std::string, std::string, std::less<>> environment;

  /// The kind that all outputs share. Outputs must not be empty (checked by the parsers).
  DerivationKind kind() const;
  bool is_fixed() const { return kind() == DerivationKind::fixed; }
  bool has_dynamic_inputs() const;
  /// The stated path of an output, where the kind states one.
  std::optional<StorePath> stated_path(std::string_view output) const;
  /// An environment variable; nothing when it is not set.
  std::optional<std::string_view> variable(std::string_view key) const;
  /// A boolean attribute as Nix passes it: "1" is true, anything else false.
  bool flag(std::string_view key) const { return variable(key) == "1"; }

  friend bool operator==(const Derivation&, const Derivation&) = default;
};

/// What the .drv store object refers to: input sources and input derivations.
std::set<StorePath> derivation_references(const Derivation& derivation);

}  // namespace grange
