#include "evaluate/input_arguments.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kLongestExpressionPath = 4000;

bool has_files(InputType type) {
  return type == InputType::git || type == InputType::path || type == InputType::tarball;
}

/// A store path on disk, where symlinks are neither in the store's own directory nor followed in
/// the object.
std::filesystem::path real_place(const LocalStore& store, const StorePath& path) {
  return std::filesystem::canonical(store.location().real_store) / path.base_name();
}

std::filesystem::path expression_file(const FetchedInputs& inputs) {
  const auto& expression = inputs.expression;
  const auto input =
      std::find_if(inputs.inputs.begin(), inputs.inputs.end(),
                   [&](const FetchedInput& other) { return other.name == expression.input; });
  if (input == inputs.inputs.end() || !input->path) {
    throw InvalidError("there is no input '" + printable(expression.input) +
                       "' with files, which is to have the expression");
  }
  const auto top = real_place(*inputs.store, *input->path);
  const auto named = "file '" + printable(expression.path) + "' of input '" + input->name + "'";
  std::error_code error;
  auto file = std::filesystem::canonical(top / expression.path, error);
  if (!error && std::filesystem::is_directory(file, error)) {
    file = std::filesystem::canonical(file / "default.nix", error);
  }
  if (error) {
    throw NotFoundError(
        named + " does not exist" +
        (input->revision.empty() ? std::string() : " in revision " + input->revision));
  }
  const auto inside = file.lexically_relative(top);
  if (inside.empty() || *inside.begin() == "..") {
    throw InvalidError(named + " leads out of the input");
  }
  return file;
}

}  // namespace

std::string nix_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
      case '$':
        quoted += '\\';
        quoted += c;
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        quoted += c;
    }
  }
  return quoted + "\"";
}

std::string nix_input_set(const FetchedInput& input, const StoreDir& store_dir) {
  const auto path = nix_string(store_dir.print(*input.path));
  // Not builtins.storePath, which looks for the path where the store is not.
  std::string set = "{ outPath = builtins.appendContext " + path + " { " + path +
                    " = { path = true; }; }; inputType = " + nix_string(to_string(input.type)) +
                    "; uri = " + nix_string(input.uri) + ";";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) set.append(" ").append(name).append(" = ").append(value).append(";");
  };
  if (!input.revision.empty()) {
    add("rev", nix_string(input.revision));
    add("revCount", std::to_string(input.revision_count));
    add("gitTag", nix_string(input.tag));
    add("shortRev", nix_string(input.short_revision));
  }
  return set + " }";
}

void check_expression(const std::vector<ParsedInput>& inputs, const JobsetExpression& expression) {
  const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const ParsedInput& other) {
    return other.name == expression.input;
  });
  if (input == inputs.end()) {
    throw InvalidError("the expression is specified to be in input '" +
                       printable(expression.input) + "', but there is no such input");
  }
  if (!has_files(input->type())) {
    throw InvalidError("the expression is specified to be in input '" + input->name +
                       "', which is a " + std::string(to_string(input->type())) +
                       " and has no files");
  }
  const auto& path = expression.path;
  const auto parts = split(path, '/');
  const bool fine = !path.empty() && path.size() <= kLongestExpressionPath && is_utf8(path) &&
                    path.find('\0') == std::string::npos &&
                    std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
                      return part.empty() || part == "..";
                    });
  if (!fine) {
    throw InvalidError(
        "the path of the expression is to be specified as relative to its input and without '..', "
        "got '" +
        printable(path.substr(0, 200)) + "'");
  }
}

std::string input_digest(const FetchedInputs& inputs) {
  nlohmann::json json;
  json["expression"] = {inputs.expression.input, inputs.expression.path};
  auto& named = json["inputs"] = nlohmann::json::object();
  const auto& store_dir = inputs.store->store_dir();
  for (const auto& input : inputs.inputs) {
    named[input.name] = {to_string(input.type),
                         input.path ? nix_input_set(input, store_dir) : input.value};
  }
  const auto text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::strict);
  return hash_bytes(HashAlgorithm::sha256, text).digits(HashFormat::base16);
}

Selection jobset_selection(const FetchedInputs& inputs) {
  if (inputs.flake) return flake_selection(inputs);
  Selection selection;
  selection.file = expression_file(inputs);
  for (const auto& input : inputs.inputs) {
    if (input.type == InputType::string) {
      selection.string_arguments.emplace_back(input.name, input.value);
    } else if (!input.path) {
      selection.arguments.emplace_back(input.name, input.value);
    } else {
      selection.arguments.emplace_back(input.name, nix_input_set(input, inputs.store->store_dir()));
      selection.search_path.emplace_back(input.name, real_place(*inputs.store, *input.path));
    }
  }
  return selection;
}

}  // namespace grange
