#include "build/environment.h"

#include <set>
#include <string_view>

#include "base/hash.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kBuildDirectoryNames[] = {"NIX_BUILD_TOP", "TMPDIR", "TEMPDIR",
                                                     "TMP",           "TEMP",   "PWD"};

std::set<std::string_view> words_of(const Derivation& derivation, std::string_view variable) {
  const auto words = split_words(derivation.variable(variable).value_or(""));
  return {words.begin(), words.end()};
}

void set_derivation_variables(const Derivation& derivation, const EnvironmentSettings& settings,
                              BuilderEnvironment& environment) {
  const auto passed_as_file = words_of(derivation, "passAsFile");
  for (const auto& [name, value] : derivation.environment) {
    auto content = rewrite(value, settings.rewrites);
    if (!passed_as_file.contains(name)) {
      environment.variables[rewrite(name, settings.rewrites)] = std::move(content);
      continue;
    }
    auto file = ".attr-" + nix32_encode(sha256(name));
    environment.variables[name + "Path"] = settings.build_directory + "/" + file;
    environment.files.push_back({std::move(file), std::move(content)});
  }
}

void set_impure_variables(const Derivation& derivation, const EnvironmentSettings& settings,
                          BuilderEnvironment& environment) {
  environment.variables["NIX_OUTPUT_CHECKED"] = "1";
  for (const auto name : words_of(derivation, "impureEnvVars")) {
    const auto found = settings.impure.find(std::string(name));
    environment.variables[std::string(name)] =
        found == settings.impure.end() ? std::string() : found->second;
  }
}

}  // namespace

std::vector<std::string> BuilderEnvironment::strings() const {
  std::vector<std::string> strings;
  strings.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    auto& text = strings.emplace_back();
    text.append(name).append("=").append(value);
  }
  return strings;
}

BuilderEnvironment make_environment(const Derivation& derivation,
                                    const EnvironmentSettings& settings) {
  BuilderEnvironment environment;
  auto& variables = environment.variables;
  // Nonsense on purpose: shells and tools replace what is unset by something of the host.
  variables["PATH"] = "/path-not-set";
  variables["HOME"] = "/homeless-shelter";
  variables["NIX_STORE"] = settings.store_dir.str();
  variables["NIX_BUILD_CORES"] = std::to_string(settings.cores);
  set_derivation_variables(derivation, settings, environment);
  for (const auto name : kBuildDirectoryNames) {
    variables[std::string(name)] = settings.build_directory;
  }
  if (derivation.is_fixed()) set_impure_variables(derivation, settings, environment);
  variables["NIX_LOG_FD"] = "2";
  variables["TERM"] = "xterm-256color";
  return environment;
}

}  // namespace grange
