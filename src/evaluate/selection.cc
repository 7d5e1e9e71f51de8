#include "evaluate/selection.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "evaluate/attribute_path.h"
#include "evaluate/walker_expression.h"

namespace grange {
namespace {

/// Linux refuses a single argument of 128 KiB or more.
constexpr std::size_t kLongestArgument = (std::size_t{128} << 10) - 1;

std::filesystem::path absolute_path(const std::filesystem::path& path) {
  auto absolute = std::filesystem::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

std::filesystem::path named_file(const Selection& selection) {
  if (selection.file) return absolute_path(*selection.file);
  const auto file = absolute_path("default.nix");
  const auto release = absolute_path("release.nix");
  return !std::filesystem::exists(file) && std::filesystem::exists(release) ? release : file;
}

void check_length(std::string_view what, const std::string& argument) {
  if (argument.size() > kLongestArgument) {
    throw InvalidError(std::string(what) +
                       " is too long for a command line; put it in a file and name it with -f");
  }
}

std::string canonical_text(const Selection& selection, const std::string& file,
                           const std::string& directory) {
  nlohmann::json json;
  if (selection.expression) {
    json["expression"] = *selection.expression;
    json["directory"] = directory;
  } else {
    json["file"] = file;
  }
  auto& paths = json["attributes"] = nlohmann::json::array();
  if (!selection.attributes.empty()) {
    auto selected = selected_paths(selection);
    std::sort(selected.begin(), selected.end());
    for (auto& path : selected) paths.push_back(std::move(path));
  }
  json["arg"] = std::map(selection.arguments.begin(), selection.arguments.end());
  json["argstr"] = std::map(selection.string_arguments.begin(), selection.string_arguments.end());
  for (const auto& [name, path] : selection.search_path) {
    json["search"].push_back({name, path.string()});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::filesystem::path selection_file(const Selection& selection) {
  auto file = named_file(selection);
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) file /= "default.nix";
  if (std::filesystem::exists(file, error)) return file;
  if (!selection.file) {
    throw NotFoundError("there is no default.nix or release.nix in '" +
                        file.parent_path().string() +
                        "'; name a file with -f or an expression with -E");
  }
  throw NotFoundError("file '" + file.string() + "' does not exist");
}

std::vector<std::vector<std::string>> selected_paths(const Selection& selection) {
  std::vector<std::vector<std::string>> paths;
  for (const auto& attribute : selection.attributes) {
    auto path = parse_attribute_path(attribute);
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(std::move(path));
    }
  }
  if (paths.empty()) paths.emplace_back();
  return paths;
}

std::vector<std::string> selection_arguments(const Selection& selection) {
  std::vector<std::string> words;
  const auto add = [&](std::string_view option, std::string_view name, const std::string& value) {
    check_length(option, value);
    words.insert(words.end(), {std::string(option), std::string(name), value});
  };
  for (const auto& [name, value] : selection.arguments) add("--arg", name, value);
  for (const auto& [name, value] : selection.string_arguments) add("--argstr", name, value);
  for (const auto& [name, path] : selection.search_path) {
    words.insert(words.end(), {"-I", name + "=" + path.string()});
  }
  if (selection.expression) {
    add("--arg", kExpressionArgument, *selection.expression);
  } else {
    add("--argstr", kFileArgument, selection_file(selection).string());
  }
  return words;
}

std::string selection_title(const Selection& selection) {
  return selection.expression ? "the expression" : "'" + selection_file(selection).string() + "'";
}

std::filesystem::path selection_directory(const Selection& selection) {
  if (selection.expression) return std::filesystem::current_path();
  return selection_file(selection).parent_path();
}

std::string selection_line(const Selection& selection, const std::string& prefix) {
  if (selection.expression) return canonical_text(selection, "", prefix);
  return canonical_text(selection, prefix + selection_file(selection).filename().string(), "");
}

std::string Selection::canonical() const {
  // Relative paths in an expression start here.
  if (expression) return canonical_text(*this, "", std::filesystem::current_path().string());
  auto path = named_file(*this);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) path /= "default.nix";
  return canonical_text(*this, path.string(), "");
}

}  // namespace grange
