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
auto take_settings(const std::string& text, Take&& take) {
  const auto body = parse_json_body(text);
  FieldErrors errors;
  JsonFields fields(body, errors);
  auto taken = take(fields);
  fields.end();
  try {
    errors.check();
  } catch (const InvalidFieldsError& error) {
    refuse_settings(error.fields());
  }
  return taken;
}

void check_or_refuse(const SettingProblems& problems) {
  if (!problems.empty()) refuse_settings(problems);
}

}  // namespace

ProjectFields parse_project_body(const std::string& name, const std::string& text) {
  auto project =
      take_settings(text, [&](JsonFields& fields) { return take_project(fields, name); });
  check_or_refuse(check_settings(project.settings));
  return project;
}

JobsetSettings parse_jobset_body(const std::string& name, const std::string& text) {
  auto settings =
      take_settings(text, [&](JsonFields& fields) { return take_jobset(fields, name); });
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
