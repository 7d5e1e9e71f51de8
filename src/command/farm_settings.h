#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "record/jobsets.h"
#include "serve/setting_fields.h"

namespace grange {

/// Reads what the API takes for a project or jobset of this name, by the API's rules
/// (json_body.h, settings_check.h): throws InvalidError that lists all that is wrong, one per line.
/// `text`: a JSON object.
ProjectFields parse_project_body(const std::string& name, const std::string& text);
JobsetSettings parse_jobset_body(const std::string& name, const std::string& text);

/// Of what the API answers for a jobset, what it takes for one.
nlohmann::ordered_json jobset_body(const nlohmann::ordered_json& answer);
/// The same of a jobset of a database.
nlohmann::ordered_json jobset_body(const JobsetSettings& settings);

/// "NAME=TYPE:VALUE" into the inputs of a jobset's body. Throws InvalidError.
void add_input_argument(nlohmann::ordered_json& body, const std::string& text);

}  // namespace grange
