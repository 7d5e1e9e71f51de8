#include "serve/hydra_settings.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "serve/json_body.h"
#include "serve/setting_fields.h"

namespace grange {
namespace {

constexpr std::int64_t kMostOfAnything = std::int64_t{1} << 40;
/// Fields of a jobset that Hydra's forms and clients send as texts or flags, too.
constexpr std::string_view kNumbers[] = {"enabled", "type", "checkinterval", "schedulingshares",
                                         "keepnr"};

/// What can be read as a number becomes one.
void make_number(nlohmann::json& value) {
  if (value.is_boolean()) {
    value = value.get<bool>() ? 1 : 0;
  } else if (value.is_string()) {
    const auto number = parse_number(trim(value.get_ref<const std::string&>()));
    if (number && *number <= std::uint64_t{kMostOfAnything}) {
      value = static_cast<std::int64_t>(*number);
    }
  }
}

/// Hydra's forms and some clients send flags as texts, and Hydra takes any for true.
void make_flags(nlohmann::json& body, std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    const auto found = body.find(name);
    if (found == body.end() || !found->is_string()) continue;
    const auto text = trim(found->get_ref<const std::string&>());
    *found = !text.empty() && text != "0" && text != "false";
  }
}

}  // namespace

HydraProjectBody parse_hydra_project(nlohmann::json body, const std::string& name) {
  make_flags(body, {"enabled", "visible", "hidden"});
  FieldErrors errors;
  JsonFields fields(body, errors);
  HydraProjectBody parsed;
  auto& settings = parsed.settings;
  settings.name = fields.optional_text("name").value_or(name);
  settings.display_name = fields.text("displayname");
  settings.description = fields.optional_text("description").value_or("");
  settings.homepage = fields.optional_text("homepage").value_or("");
  settings.enabled = fields.optional_loose_flag("enabled").value_or(false);
  settings.hidden = !fields.optional_loose_flag("visible").value_or(false);
  // Some clients say the opposite instead.
  if (!fields.has("visible")) {
    settings.hidden = fields.optional_loose_flag("hidden").value_or(settings.hidden);
  }
  parsed.owner = fields.optional_text("owner");
  fields.optional_object("declarative", [&](JsonFields& declarative) {
    declarative.pass_over("type");
    declarative.pass_over("value");
    if (!declarative.optional_text("file").value_or("").empty()) {
      declarative.refuse("file", "projects that declare their own jobsets are not there yet");
    }
  });
  errors.check();
  return parsed;
}

JobsetSettings parse_hydra_jobset(nlohmann::json body, const std::string& name,
                                  const std::optional<JobsetSettings>& present) {
  for (const auto field : kNumbers) {
    if (const auto found = body.find(std::string(field)); found != body.end()) make_number(*found);
  }
  if (const auto inputs = body.find("inputs"); inputs != body.end() && inputs->is_object()) {
    for (auto& input : *inputs) {
      if (!input.is_object()) continue;
      auto value = input.find("value");
      if (value == input.end() || value->is_string() || value->is_structured()) continue;
      *value = value->is_null() ? "" : value->dump();  // true, 7
    }
  }
  make_flags(body, {"visible", "hidden"});
  FieldErrors errors;
  JsonFields fields(body, errors);
  JobsetSettings settings;
  if (present) settings.allow_import_from_derivation = present->allow_import_from_derivation;
  settings.name = fields.optional_text("name").value_or(name);
  settings.description = fields.optional_text("description").value_or("");
  if (fields.optional_integer("type", 0, 1).value_or(0) == 1) {
    settings.flake = fields.text("flake");
    // Forms send those of the other type, too.
    for (const auto* other : {"nixexprinput", "nixexprpath"}) fields.pass_over(other);
  } else {
    if (!fields.optional_text("flake").value_or("").empty()) {
      fields.refuse("flake", "specify type 1 for a jobset of a flake");
    }
    settings.expression_input = fields.text("nixexprinput");
    settings.expression_path = fields.text("nixexprpath");
  }
  settings.state = static_cast<JobsetState>(fields.optional_integer("enabled", 0, 3).value_or(0));
  settings.hidden = !fields.optional_loose_flag("visible").value_or(false);
  if (!fields.has("visible")) {
    settings.hidden = fields.optional_loose_flag("hidden").value_or(settings.hidden);
  }
  settings.check_interval = take_count(fields, "checkinterval", 0).value_or(0);
  // Hydra takes one share where none is said, though its table's default is 100.
  settings.shares = take_count(fields, "schedulingshares", 1).value_or(settings.shares);
  settings.keep = take_count(fields, "keepnr", 0).value_or(0);
  settings.inputs = take_inputs(fields, {{"name", "emailresponsible", "revision", "altnr"}, true});
  if (!settings.flake.empty()) settings.inputs.clear();  // which Hydra does not look at
  errors.check();
  return settings;
}

}  // namespace grange
