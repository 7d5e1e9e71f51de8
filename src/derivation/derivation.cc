#include "derivation/derivation.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace grange {

std::string_view to_string(DerivationKind kind) noexcept {
  constexpr std::array<std::string_view, 5> kKindNames = {"input-addressed", "fixed", "floating",
                                                          "impure", "deferred"};
  return kKindNames[static_cast<std::size_t>(kind)];
}

DerivationKind Derivation::kind() const {
  if (outputs.empty()) throw InvalidError("derivation '" + name + "' has no outputs");
  return static_cast<DerivationKind>(outputs.begin()->second.index());
}

bool Derivation::has_dynamic_inputs() const {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const auto& input) { return !input.second.dynamic.empty(); });
}

std::optional<StorePath> Derivation::stated_path(std::string_view output) const {
  const auto found = outputs.find(output);
  if (found == outputs.end()) return std::nullopt;
  if (const auto* addressed = std::get_if<InputAddressedOutput>(&found->second)) {
    return addressed->path;
  }
  if (const auto* fixed = std::get_if<FixedOutput>(&found->second)) return fixed->path;
  return std::nullopt;
}

std::optional<std::string_view> Derivation::variable(std::string_view key) const {
  const auto found = environment.find(key);
  if (found == environment.end()) return std::nullopt;
  return found->second;
}

std::set<StorePath> derivation_references(const Derivation& derivation) {
  std::set<StorePath> references = derivation.input_sources;
  for (const auto& [path, input] : derivation.inputs) references.insert(path);
  return references;
}

}  // namespace grange
