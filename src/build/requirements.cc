#include "build/requirements.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kBuiltinPrefix = "builtin:";
constexpr std::string_view kFetchUrl = "builtin:fetchurl";

std::string list(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  return words.empty() ? "none" : join(words, ", ");
}

std::vector<std::string> required_features(const Derivation& derivation) {
  std::vector<std::string> features;
  for (const auto word : split_words(derivation.variable("requiredSystemFeatures").value_or(""))) {
    features.emplace_back(word);
  }
  return features;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool runs_here(const Derivation& derivation, const Machine& machine) {
  const bool system_fits = derivation.system == machine.system || derivation.system == "builtin" ||
                           contains(machine.extra_platforms, derivation.system) ||
                           is_builtin(derivation);
  const auto features = required_features(derivation);
  return system_fits && std::all_of(features.begin(), features.end(), [&](const auto& feature) {
           return contains(machine.features, feature);
         });
}

/// What a derivation may ask for that is not made here.
std::optional<std::string> unsupported_wish(const Derivation& derivation,
                                            const BuildPolicy& policy) {
  if (is_builtin(derivation) && derivation.builder != kFetchUrl) {
    return fmt::format("its builder '{}' is not known here", printable(derivation.builder));
  }
  const auto kind = derivation.kind();
  if (kind != DerivationKind::input_addressed && kind != DerivationKind::fixed) {
    return fmt::format("it has {} outputs", to_string(kind));
  }
  for (const auto& [name, output] : derivation.outputs) {
    const auto* fixed = std::get_if<FixedOutput>(&output);
    if (fixed != nullptr && fixed->address.method == ContentMethod::git) {
      return "its output is specified by a git hash";
    }
  }
  if (derivation.has_dynamic_inputs()) return "it has inputs that are outputs of derivations";
  if (derivation.environment.contains("__json")) return "it has structured attributes (__json)";
  if (const auto graph = derivation.variable("exportReferencesGraph"); graph && !graph->empty()) {
    return "it asks for exportReferencesGraph";
  }
  if (policy.mode == BuildPolicy::Mode::repair) return "building to repair was asked for";
  if (policy.sandbox == BuildPolicy::Sandbox::sandboxed) {
    if (derivation.flag("__noChroot")) return "it sets __noChroot, which a sandbox forbids";
    const auto paths = derivation.variable("__impureHostDeps");
    if (paths && !trim(*paths).empty()) return "it asks for host paths in __impureHostDeps";
  }
  return std::nullopt;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

/// What no system can run: the kernel takes strings that end at their first NUL.
std::optional<std::string> impossible_wish(const Derivation& derivation) {
  if (!is_builtin(derivation) && !derivation.builder.starts_with('/')) {
    return fmt::format("its builder '{}' is not an absolute path", printable(derivation.builder));
  }
  if (has_nul(derivation.builder)) return "its builder contains a NUL byte";
  for (const auto& argument : derivation.arguments) {
    if (has_nul(argument)) return "an argument of its builder contains a NUL byte";
  }
  for (const auto& [name, value] : derivation.environment) {
    if (has_nul(name) || has_nul(value)) {
      return fmt::format("its environment variable '{}' contains a NUL byte", printable(name));
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_builtin(const Derivation& derivation) {
  return derivation.builder.starts_with(kBuiltinPrefix);
}

std::optional<BuildFailure> unmet_requirement(std::string_view shown, const Derivation& derivation,
                                              const BuildPolicy& policy, const Machine& machine) {
  if (const auto wish = unsupported_wish(derivation, policy)) {
    return BuildFailure{Outcome::unsupported, fmt::format("cannot build '{}': {}", shown, *wish)};
  }
  if (!runs_here(derivation, machine)) {
    return BuildFailure{
        Outcome::unsupported,
        fmt::format("cannot build '{}': it needs a '{}' with features {{{}}}, and this machine is "
                    "a '{}' with features {{{}}}",
                    shown, printable(derivation.system),
                    printable(list(required_features(derivation))), machine.system,
                    list(machine.features))};
  }
  if (const auto wish = impossible_wish(derivation)) {
    return BuildFailure{Outcome::failed, fmt::format("cannot build '{}': {}", shown, *wish)};
  }
  return std::nullopt;
}

bool needs_32bit_personality(std::string_view system, std::string_view machine_system) {
  if (machine_system == "x86_64-linux") return system == "i686-linux";
  if (machine_system == "aarch64-linux") {
    return system == "armv7l-linux" || system == "armv6l-linux" || system == "armv5tel-linux";
  }
  return false;
}

}  // namespace grange
