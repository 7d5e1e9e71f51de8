#include "build/environment.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "build/requirements.h"
#include "derivation/placeholder.h"
#include "derivation/structured_attributes.h"

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

void add_attribute_files(const Derivation& derivation, const DerivationAttributes& attributes,
                         const EnvironmentSettings& settings, BuilderEnvironment& environment) {
  std::map<std::string, std::string> outputs;
  for (const auto& [name, output] : derivation.outputs) {
    outputs.emplace(name, output_placeholder(name));
  }
  auto files = make_attribute_files(*attributes.json, outputs, settings.graphs);
  environment.files.push_back({".attrs.sh", rewrite(std::move(files.shell), settings.rewrites)});
  environment.files.push_back({".attrs.json", rewrite(std::move(files.json), settings.rewrites)});
  auto& variables = environment.variables;
  variables["NIX_ATTRS_SH_FILE"] = settings.build_directory + "/.attrs.sh";
  variables["NIX_ATTRS_JSON_FILE"] = settings.build_directory + "/.attrs.json";
}

void set_impure_variables(const DerivationAttributes& attributes,
                          const EnvironmentSettings& settings, BuilderEnvironment& environment) {
  for (const auto& name : attributes.impure_variables) {
    const auto found = settings.impure.find(name);
    environment.variables[name] = found == settings.impure.end() ? std::string() : found->second;
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
                                    const DerivationAttributes& attributes,
                                    const EnvironmentSettings& settings) {
  BuilderEnvironment environment;
  auto& variables = environment.variables;
  // Nonsense on purpose: shells and tools replace what is unset by something of the host.
  variables["PATH"] = "/path-not-set";
  variables["HOME"] = "/homeless-shelter";
  variables["NIX_STORE"] = settings.store_dir.str();
  variables["NIX_BUILD_CORES"] = std::to_string(settings.cores);
  if (!attributes.structured()) {
    set_derivation_variables(derivation, settings, environment);
    for (const auto& [name, graph] : settings.graphs) environment.files.push_back({name, graph});
  }
  for (const auto name : kBuildDirectoryNames) {
    variables[std::string(name)] = settings.build_directory;
  }
  if (derivation.is_fixed()) variables["NIX_OUTPUT_CHECKED"] = "1";
  if (is_impure_world(derivation)) set_impure_variables(attributes, settings, environment);
  variables["NIX_LOG_FD"] = "2";
  variables["TERM"] = "xterm-256color";
  if (!settings.store_socket.empty()) variables["NIX_REMOTE"] = "unix://" + settings.store_socket;
  if (attributes.structured()) add_attribute_files(derivation, attributes, settings, environment);
  return environment;
}

}  // namespace grange
