#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/jobsets.h"
#include "record/projects.h"
#include "serve/json_body.h"

namespace grange {

// What people say of projects and jobsets, wherever they say it: bodies of the API, files for
// `grange admin`, grange.toml; in part also bodies of Hydra's clients. Only the form is looked at
// here: farm/settings_check.h says whether the settings can be.

struct ProjectFields {
  ProjectSettings settings;  ///< with the owner, where one is named
  std::optional<std::string> owner;
  std::optional<std::vector<std::string>> members;
};
/// `name`: that of the path or table, for fields that name none.
ProjectFields take_project(JsonFields& fields, const std::string& name);

/// The same of a jobset with its inputs; what is left out is as in JobsetSettings.
JobsetSettings take_jobset(JsonFields& fields, const std::string& name);

/// A number that settings_check.h bounds further.
std::optional<std::int64_t> take_count(JsonFields& fields, std::string_view name,
                                       std::int64_t least);

struct InputForm {
  std::initializer_list<std::string_view> passed_over;  ///< fields that count for nothing
  bool value_is_optional = false;                       ///< without one it is empty
};
/// The field "inputs": {NAME: {"type", "value"}}.
std::map<std::string, JobsetInputSetting> take_inputs(JsonFields& fields, const InputForm& form);

}  // namespace grange
