#pragma once

#include <map>
#include <string>
#include <string_view>

#include "record/jobsets.h"
#include "record/projects.h"

namespace grange {

/// What is wrong with settings, by the name that the API gives the field; empty: nothing.
using SettingProblems = std::map<std::string, std::string>;

SettingProblems check_settings(const ProjectSettings& settings);
SettingProblems check_settings(const JobsetSettings& settings);

/// "[A-Za-z_]" and then letters, digits, '-', '_' (and '.', for jobsets), at most 255.
bool is_project_name(std::string_view name);
bool is_jobset_name(std::string_view name);

/// "enabled: specified 7, …; shares: …": all problems in one line.
std::string to_string(const SettingProblems& problems);

}  // namespace grange
