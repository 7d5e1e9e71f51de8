#include "derivation/attributes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "derivation/attribute_json.h"

namespace grange {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

[[noreturn]] void wrong_type(std::string_view name, std::string_view type) {
  throw InvalidError(fmt::format("attribute '{}' must be {}", printable(name), type));
}

Words string_list(const Json& value, std::string_view name) {
  Words words;
  if (!value.is_array()) wrong_type(name, "a list of strings");
  for (const auto& word : value) {
    if (!word.is_string()) wrong_type(name, "a list of strings");
    words.push_back(word.get<std::string>());
  }
  return words;
}

/// A number of bytes, which may be written as a floating-point number.
std::uint64_t byte_count(const Json& value, std::string_view name) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    constexpr auto kLimit = 18446744073709551616.0;  // 2^64
    if (number >= 0 && number < kLimit) return static_cast<std::uint64_t>(number);
  }
  wrong_type(name, "a number of bytes");
}

bool is_graph_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

}  // namespace

/// Reads the attributes from either place; Nix 2.8's rules for each.
class AttributeReader {
 public:
  explicit AttributeReader(const Derivation& derivation) : derivation_(derivation) {
    if (const auto text = derivation.variable("__json")) json_ = parse_structured(*text);
  }

  DerivationAttributes read() const {
    DerivationAttributes attributes;
    if (json_) attributes.json = std::string(*derivation_.variable("__json"));
    attributes.required_features = words("requiredSystemFeatures").value_or(Words());
    attributes.impure_variables = words("impureEnvVars").value_or(Words());
    attributes.impure_host_paths = words("__impureHostDeps").value_or(Words());
    attributes.no_sandbox = flag("__noChroot");
    attributes.prefer_local = flag("preferLocalBuild");
    attributes.allow_substitutes = flag("allowSubstitutes", true);
    if (json_) {
      attributes.exported_graphs = structured_graphs();
      attributes.output_checks_ = structured_checks();
    } else {
      attributes.exported_graphs = plain_graphs();
      attributes.common_checks_ = plain_checks();
    }
    return attributes;
  }

 private:
  static Json parse_structured(std::string_view text) {
    auto json = with_context([] { return std::string("in the attribute __json"); },
                             [&] { return parse_attribute_json(text); });
    if (!json.is_object()) throw InvalidError("the attribute __json must be an object");
    return json;
  }

  const Json* member(std::string_view name) const {
    const auto found = json_->find(std::string(name));
    return found == json_->end() ? nullptr : &*found;
  }

  std::optional<Words> words(std::string_view name) const {
    if (!json_) {
      const auto text = derivation_.variable(name);
      if (!text) return std::nullopt;
      const auto parts = split_words(*text);
      return Words(parts.begin(), parts.end());
    }
    const auto* value = member(name);
    if (value == nullptr) return std::nullopt;
    return string_list(*value, name);
  }

  bool flag(std::string_view name, bool otherwise = false) const {
    if (!json_) return derivation_.variable(name) ? derivation_.flag(name) : otherwise;
    const auto* value = member(name);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) wrong_type(name, "a Boolean");
    return value->get<bool>();
  }

  std::vector<ExportedGraph> plain_graphs() const {
    const auto words = split_words(derivation_.variable("exportReferencesGraph").value_or(""));
    if (words.size() % 2 != 0) {
      throw InvalidError(fmt::format("odd number of tokens in 'exportReferencesGraph': '{}'",
                                     printable(*derivation_.variable("exportReferencesGraph"))));
    }
    std::vector<ExportedGraph> graphs;
    for (std::size_t i = 0; i < words.size(); i += 2) {
      if (!is_graph_name(words[i])) {
        throw InvalidError(
            fmt::format("invalid file name '{}' in 'exportReferencesGraph'", printable(words[i])));
      }
      graphs.push_back({std::string(words[i]), {std::string(words[i + 1])}});
    }
    return graphs;
  }

  std::vector<ExportedGraph> structured_graphs() const {
    std::vector<ExportedGraph> graphs;
    const auto* value = member("exportReferencesGraph");
    if (value == nullptr || !value->is_object()) return graphs;
    for (const auto& [name, paths] : value->items()) {
      // A single path need not be in a list.
      graphs.push_back({name, paths.is_string() ? Words{paths.get<std::string>()}
                                                : string_list(paths, "exportReferencesGraph")});
    }
    return graphs;
  }

  std::optional<OutputChecks> plain_checks() const {
    OutputChecks checks;
    checks.allowed_references = words("allowedReferences");
    checks.allowed_requisites = words("allowedRequisites");
    checks.disallowed_references = words("disallowedReferences");
    checks.disallowed_requisites = words("disallowedRequisites");
    if (checks == OutputChecks()) return std::nullopt;
    return checks;
  }

  std::map<std::string, OutputChecks, std::less<>> structured_checks() const {
    std::map<std::string, OutputChecks, std::less<>> checks;
    const auto* value = member("outputChecks");
    if (value == nullptr) return checks;
    if (!value->is_object()) wrong_type("outputChecks", "an object");
    for (const auto& [output, demands] : value->items()) {
      if (!demands.is_object()) wrong_type("outputChecks." + output, "an object");
      checks.emplace(output, checks_from(demands));
    }
    return checks;
  }

  static OutputChecks checks_from(const Json& demands) {
    const auto list = [&](const char* name) -> std::optional<Words> {
      const auto found = demands.find(name);
      if (found == demands.end()) return std::nullopt;
      return string_list(*found, name);
    };
    const auto size = [&](const char* name) -> std::optional<std::uint64_t> {
      const auto found = demands.find(name);
      if (found == demands.end()) return std::nullopt;
      return byte_count(*found, name);
    };
    OutputChecks checks;
    checks.ignore_self = false;
    checks.max_size = size("maxSize");
    checks.max_closure_size = size("maxClosureSize");
    checks.allowed_references = list("allowedReferences");
    checks.allowed_requisites = list("allowedRequisites");
    checks.disallowed_references = list("disallowedReferences");
    checks.disallowed_requisites = list("disallowedRequisites");
    return checks;
  }

  const Derivation& derivation_;
  std::optional<Json> json_;
};

DerivationAttributes DerivationAttributes::parse(const Derivation& derivation) {
  return AttributeReader(derivation).read();
}

const OutputChecks* DerivationAttributes::checks_of(std::string_view output) const {
  if (common_checks_) return &*common_checks_;
  const auto found = output_checks_.find(output);
  return found == output_checks_.end() ? nullptr : &found->second;
}

}  // namespace grange
