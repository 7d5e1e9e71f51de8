#include "command/farm_settings.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "farm/settings_check.h"
#include "serve/api_json.h"
#include "serve/json_body.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse_settings(const std::map<std::string, std::string>& problems) {
  std::vector<std::string> lines{"what was specified is refused:"};
  for (const auto& [field, problem] : problems) lines.push_back("  " + field + ": " + problem);
  throw InvalidError(join(lines, "\n"));
}

template <typename Take>
void take_settings(const std::string& text, Take&& take) {
  const auto body = parse_json_body(text);
  FieldErrors errors;
  JsonFields fields(body, errors);
  take(fields);
  fields.end();
  try {
    errors.check();
  } catch (const InvalidFieldsError& error) {
    refuse_settings(error.fields());
  }
}

void check_or_refuse(const SettingProblems& problems) {
  if (!problems.empty()) refuse_settings(problems);
}

constexpr std::int64_t kMostOfAnything = std::int64_t{1} << 40;

}  // namespace

ProjectBody parse_project_body(const std::string& name, const std::string& text) {
  ProjectBody body;
  auto& settings = body.settings;
  take_settings(text, [&](JsonFields& fields) {
    settings.name = fields.optional_text("name").value_or(name);
    settings.display_name = fields.optional_text("displayName").value_or(settings.name);
    settings.description = fields.optional_text("description").value_or("");
    settings.homepage = fields.optional_text("homepage").value_or("");
    settings.enabled = fields.optional_flag("enabled").value_or(true);
    settings.hidden = fields.optional_flag("hidden").value_or(false);
    settings.owner = fields.optional_text("owner").value_or("");
    body.members = fields.optional_texts("members", 1000);
  });
  check_or_refuse(check_settings(settings));
  return body;
}

JobsetSettings parse_jobset_body(const std::string& name, const std::string& text) {
  JobsetSettings settings;
  const JobsetSettings usual;
  take_settings(text, [&](JsonFields& fields) {
    settings.name = fields.optional_text("name").value_or(name);
    settings.description = fields.optional_text("description").value_or("");
    if (const auto state = fields.optional_text("state")) {
      const auto parsed = parse_jobset_state(*state);
      if (!parsed) {
        fields.refuse("state", "specified off, on, one-shot or one-at-a-time, got '" +
                                   printable(*state) + "'");
      }
      settings.state = parsed.value_or(usual.state);
    }
    settings.hidden = fields.optional_flag("hidden").value_or(false);
    settings.flake = fields.optional_text("flake").value_or("");
    settings.expression_input = fields.optional_text("expressionInput").value_or("");
    settings.expression_path = fields.optional_text("expressionPath").value_or("");
    const auto number = [&](const char* field, std::int64_t least, std::int64_t otherwise) {
      return fields.optional_integer(field, least, kMostOfAnything).value_or(otherwise);
    };
    settings.check_interval = number("checkInterval", 0, usual.check_interval);
    settings.shares = number("shares", 1, usual.shares);
    settings.keep = number("keep", 0, usual.keep);
    settings.allow_import_from_derivation =
        fields.optional_flag("allowImportFromDerivation").value_or(false);
    fields.optional_objects("inputs", 1000, [&](const std::string& input, JsonFields& of) {
      settings.inputs.emplace(input, JobsetInputSetting{of.text("type"), of.text("value", 65536)});
    });
  });
  check_or_refuse(check_settings(settings));
  return settings;
}

Json jobset_body(const Json& answer) {
  Json body = Json::object();
  for (const auto* field :
       {"description", "state", "hidden", "flake", "expressionInput", "expressionPath",
        "checkInterval", "shares", "keep", "allowImportFromDerivation", "inputs"}) {
    if (answer.is_object() && answer.contains(field)) body[field] = answer.at(field);
  }
  return body;
}

Json jobset_body(const JobsetSettings& settings) {
  Jobset jobset;
  jobset.settings = settings;
  auto body = jobset_body(api_jobset(jobset));
  body["flake"] = settings.flake;
  return body;
}

void add_input_argument(Json& body, const std::string& text) {
  const auto equals = text.find('=');
  const auto colon = equals == text.npos ? text.npos : text.find(':', equals);
  if (equals == 0 || colon == text.npos) {
    throw InvalidError("--input: specified NAME=TYPE:VALUE, got '" + printable(text) + "'");
  }
  body["inputs"][text.substr(0, equals)] = {{"type", text.substr(equals + 1, colon - equals - 1)},
                                            {"value", text.substr(colon + 1)}};
}

}  // namespace grange
