#include "farm/settings_check.h"

#include <algorithm>

#include "base/error.h"
#include "evaluate/flake_reference.h"
#include "evaluate/jobset_input.h"

namespace grange {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestText = 16 * 1024;
constexpr std::size_t kMostInputs = 256;
constexpr std::int64_t kLongestInterval = std::int64_t{366} * 24 * 3600;
constexpr std::int64_t kMostShares = 1'000'000'000;
constexpr std::int64_t kMostKept = 1'000'000;

bool is_name(std::string_view name, std::string_view further) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || name.size() > kLongestName || !letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || further.find(c) != std::string_view::npos;
  });
}

void check_text(SettingProblems& problems, const std::string& field, const std::string& text) {
  if (text.size() > kLongestText) {
    problems[field] =
        "at most " + std::to_string(kLongestText) + " bytes, got " + std::to_string(text.size());
  } else if (text.find('\0') != std::string::npos) {
    problems[field] = "contains a NUL byte";
  }
}

void check_range(SettingProblems& problems, const std::string& field, std::int64_t value,
                 std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return;
  problems[field] = "specified are " + std::to_string(least) + " to " + std::to_string(most) +
                    ", got " + std::to_string(value);
}

void check_homepage(SettingProblems& problems, const std::string& url) {
  if (url.empty() || url.starts_with("https://") || url.starts_with("http://")) return;
  problems["homepage"] = "must begin with https:// or http://, got '" + url + "'";
}

void check_expression(SettingProblems& problems, const JobsetSettings& settings) {
  if (!settings.flake.empty()) {
    if (!settings.expression_input.empty() || !settings.expression_path.empty()) {
      problems["flake"] = "there is an expression: specify one of both";
    } else if (!settings.inputs.empty()) {
      problems["inputs"] = "a flake names its inputs itself, in its lock file";
    }
    try {
      parse_flake_reference("flake", settings.flake);
    } catch (const Error& error) {
      problems["flake"] = error.what();
    }
    return;
  }
  const auto found = settings.inputs.find(settings.expression_input);
  if (settings.expression_input.empty()) {
    problems["expressionInput"] = "the name of an input is missing";
  } else if (found == settings.inputs.end()) {
    problems["expressionInput"] = "there is no input '" + settings.expression_input + "'";
  } else if (found->second.type == "string" || found->second.type == "boolean" ||
             found->second.type == "nix") {
    problems["expressionInput"] = "input '" + settings.expression_input + "' is a " +
                                  found->second.type + ": it has no files";
  }
  const auto& path = settings.expression_path;
  const bool climbs = path == ".." || path.starts_with("../") || path.ends_with("/..") ||
                      path.find("/../") != std::string::npos;
  if (path.empty()) {
    problems["expressionPath"] = "the path of a file in the input is missing";
  } else if (path.front() == '/' || climbs || path.find('\0') != std::string::npos) {
    problems["expressionPath"] = "must be relative and without '..', got '" + path + "'";
  }
}

}  // namespace

bool is_project_name(std::string_view name) {
  return is_name(name, "-");
}
bool is_jobset_name(std::string_view name) {
  return is_name(name, "-.");
}

SettingProblems check_settings(const ProjectSettings& settings) {
  SettingProblems problems;
  if (!is_project_name(settings.name)) {
    problems["name"] = "letters, digits, '-' and '_', first a letter or '_', got '" +
                       settings.name.substr(0, kLongestName) + "'";
  }
  check_text(problems, "displayName", settings.display_name);
  check_text(problems, "description", settings.description);
  check_text(problems, "homepage", settings.homepage);
  check_homepage(problems, settings.homepage);
  if (settings.display_name.empty()) problems["displayName"] = "is missing";
  return problems;
}

SettingProblems check_settings(const JobsetSettings& settings) {
  SettingProblems problems;
  if (!is_jobset_name(settings.name)) {
    problems["name"] = "letters, digits, '-', '.' and '_', first a letter or '_', got '" +
                       settings.name.substr(0, kLongestName) + "'";
  }
  check_text(problems, "description", settings.description);
  check_range(problems, "enabled", static_cast<std::int64_t>(settings.state), 0, 3);
  check_range(problems, "checkInterval", settings.check_interval, 0, kLongestInterval);
  check_range(problems, "shares", settings.shares, 1, kMostShares);
  check_range(problems, "keep", settings.keep, 0, kMostKept);
  if (settings.inputs.size() > kMostInputs) {
    problems["inputs"] = "at most " + std::to_string(kMostInputs) + ", got " +
                         std::to_string(settings.inputs.size());
    return problems;
  }
  for (const auto& [name, input] : settings.inputs) {
    try {
      parse_input({name, parse_input_type(input.type), input.value});
    } catch (const Error& error) {
      problems["inputs." + name.substr(0, kLongestName)] = error.what();
    }
  }
  check_expression(problems, settings);
  return problems;
}

std::string to_string(const SettingProblems& problems) {
  std::string text;
  for (const auto& [field, problem] : problems) {
    if (!text.empty()) text += "; ";
    text += field + ": " + problem;
  }
  return text;
}

}  // namespace grange
