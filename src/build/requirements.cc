#include "build/requirements.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <variant>

#include <fmt/format.h>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kBuiltinPrefix = "builtin:";
constexpr std::string_view kBuiltins[] = {"builtin:buildenv", "builtin:fetchurl",
                                          "builtin:unpack-channel"};

std::string list(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  return words.empty() ? "none" : join(words, ", ");
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Symlinks are not resolved: what is allowed is a name.
bool is_allowed(const std::filesystem::path& path, const std::vector<std::string>& allowed) {
  if (!path.is_absolute()) return false;
  const auto name = path.lexically_normal();
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::filesystem::path& prefix) {
    auto normal = prefix.lexically_normal();
    if (!normal.has_filename()) normal = normal.parent_path();  // of "/usr/"
    return std::mismatch(normal.begin(), normal.end(), name.begin(), name.end()).first ==
           normal.end();
  });
}

/// What a derivation may ask for that is not made here.
std::optional<std::string> unsupported_wish(const Derivation& derivation,
                                            const DerivationAttributes& attributes,
                                            const BuildPolicy& policy, const Machine& machine) {
  if (is_builtin(derivation) && std::find(std::begin(kBuiltins), std::end(kBuiltins),
                                          derivation.builder) == std::end(kBuiltins)) {
    return fmt::format("its builder '{}' is not known here", printable(derivation.builder));
  }
  if (derivation.kind() == DerivationKind::deferred) {
    return "its inputs were not resolved";  // which is the caller's to do
  }
  for (const auto& [name, output] : derivation.outputs) {
    const auto* fixed = std::get_if<FixedOutput>(&output);
    if (fixed != nullptr && fixed->address.method == ContentMethod::git) {
      return "its output is specified by a git hash";
    }
  }
  if (derivation.has_dynamic_inputs()) return "it has inputs that are outputs of derivations";
  if (attributes.no_sandbox && policy.sandbox == BuildPolicy::Sandbox::sandboxed) {
    return "it sets __noChroot, which a sandbox forbids; --relaxed-sandbox allows it";
  }
  if (build_world(derivation, attributes, policy) == BuildWorld::sandboxed) {
    for (const auto& path : attributes.impure_host_paths) {
      if (is_allowed(path, machine.host_paths)) continue;
      return fmt::format("it asks for the host path '{}', which --allow-host-path does not name",
                         printable(path));
    }
  }
  return std::nullopt;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

/// What no system can run: the kernel takes strings that end at their first NUL.
std::optional<std::string> impossible_wish(const Derivation& derivation,
                                           const DerivationAttributes& attributes) {
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
  for (const auto& name : attributes.impure_variables) {
    if (has_nul(name)) return "a name in its impureEnvVars contains a NUL byte";
  }
  return std::nullopt;
}

}  // namespace

bool is_builtin(const Derivation& derivation) {
  return derivation.builder.starts_with(kBuiltinPrefix);
}

bool runs_on(const Machine& machine, const Derivation& derivation,
             const DerivationAttributes& attributes) {
  const bool system_fits = derivation.system == machine.system || derivation.system == "builtin" ||
                           contains(machine.extra_platforms, derivation.system) ||
                           is_builtin(derivation);
  const auto& features = attributes.required_features;
  return system_fits && std::all_of(features.begin(), features.end(), [&](const auto& feature) {
           return contains(machine.features, feature);
         });
}

BuildWorld build_world(const Derivation& derivation, const DerivationAttributes& attributes,
                       const BuildPolicy& policy) {
  if (is_builtin(derivation)) return BuildWorld::builtin;
  switch (policy.sandbox) {
    case BuildPolicy::Sandbox::sandboxed:
      break;
    case BuildPolicy::Sandbox::unsandboxed:
      return BuildWorld::unsandboxed;
    case BuildPolicy::Sandbox::relaxed:
      return attributes.no_sandbox ? BuildWorld::unsandboxed : BuildWorld::sandboxed;
  }
  return BuildWorld::sandboxed;
}

bool is_impure_world(const Derivation& derivation) {
  const auto kind = derivation.kind();
  return kind == DerivationKind::fixed || kind == DerivationKind::impure;
}

std::optional<BuildFailure> unmet_requirement(std::string_view shown, const Derivation& derivation,
                                              const DerivationAttributes& attributes,
                                              const BuildPolicy& policy, const Machine& machine) {
  if (const auto wish = unsupported_wish(derivation, attributes, policy, machine)) {
    return BuildFailure{Outcome::unsupported, fmt::format("cannot build '{}': {}", shown, *wish)};
  }
  if (!runs_on(machine, derivation, attributes)) {
    return BuildFailure{
        Outcome::unsupported,
        fmt::format("cannot build '{}': it needs a '{}' with features {{{}}}, and this machine is "
                    "a '{}' with features {{{}}}",
                    shown, printable(derivation.system),
                    printable(list(attributes.required_features)), machine.system,
                    list(machine.features))};
  }
  if (const auto wish = impossible_wish(derivation, attributes)) {
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
