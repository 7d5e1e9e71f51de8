#include "serve/setting_fields.h"

#include "base/text.h"
#include "serve/api_json.h"

namespace grange {
namespace {

constexpr std::size_t kMostMembers = 1000;
constexpr std::size_t kMostInputFields = 1000;
constexpr std::size_t kLongestInputValue = 65536;

JobsetState take_state(JsonFields& fields, JobsetState otherwise) {
  const auto state = fields.optional_text("state");
  if (!state) return otherwise;
  const auto parsed = parse_jobset_state(*state);
  if (!parsed) {
    fields.refuse("state", "specified off, on, one-shot or one-at-a-time, got '" +
                               printable(state->substr(0, 200)) + "'");
  }
  return parsed.value_or(otherwise);
}

}  // namespace

std::optional<std::int64_t> take_count(JsonFields& fields, std::string_view name,
                                       std::int64_t least) {
  return fields.optional_integer(name, least, std::int64_t{1} << 40);
}

ProjectFields take_project(JsonFields& fields, const std::string& name) {
  ProjectFields project;
  auto& settings = project.settings;
  settings.name = fields.optional_text("name").value_or(name);
  settings.display_name = fields.optional_text("displayName").value_or(settings.name);
  settings.description = fields.optional_text("description").value_or("");
  settings.homepage = fields.optional_text("homepage").value_or("");
  settings.enabled = fields.optional_flag("enabled").value_or(true);
  settings.hidden = fields.optional_flag("hidden").value_or(false);
  project.owner = fields.optional_text("owner");
  settings.owner = project.owner.value_or("");
  project.members = fields.optional_texts("members", kMostMembers);
  return project;
}

std::map<std::string, JobsetInputSetting> take_inputs(JsonFields& fields, const InputForm& form) {
  std::map<std::string, JobsetInputSetting> inputs;
  fields.optional_objects(
      "inputs", kMostInputFields, [&](const std::string& name, JsonFields& input) {
        for (const auto field : form.passed_over) input.pass_over(field);
        auto type = input.text("type");
        auto value = form.value_is_optional
                         ? input.optional_text("value", kLongestInputValue).value_or("")
                         : input.text("value", kLongestInputValue);
        inputs.emplace(name, JobsetInputSetting{std::move(type), std::move(value)});
      });
  return inputs;
}

JobsetSettings take_jobset(JsonFields& fields, const std::string& name) {
  JobsetSettings settings;
  settings.name = fields.optional_text("name").value_or(name);
  settings.description = fields.optional_text("description").value_or("");
  settings.state = take_state(fields, settings.state);
  settings.hidden = fields.optional_flag("hidden").value_or(false);
  settings.flake = fields.optional_text("flake").value_or("");
  settings.expression_input = fields.optional_text("expressionInput").value_or("");
  settings.expression_path = fields.optional_text("expressionPath").value_or("");
  settings.check_interval =
      take_count(fields, "checkInterval", 0).value_or(settings.check_interval);
  settings.shares = take_count(fields, "shares", 1).value_or(settings.shares);
  settings.keep = take_count(fields, "keep", 0).value_or(settings.keep);
  settings.allow_import_from_derivation =
      fields.optional_flag("allowImportFromDerivation").value_or(false);
  settings.inputs = take_inputs(fields, {});
  return settings;
}

}  // namespace grange
