#include "pages/input_types.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "evaluate/jobset_input.h"

namespace grange {
namespace {

struct TypeWords {
  InputType type;
  std::string_view help;
  std::string_view example;
};

constexpr std::array<TypeWords, 6> kTypes{{
    {InputType::git,
     "A repository, then a branch, tag or revision; without one, its default branch.",
     "https://example.org/demo.git main"},
    {InputType::path,
     "A directory or file of this server; a number behind it: seconds that it is not looked at "
     "again.",
     "/srv/demo 30"},
    {InputType::tarball, "The address of an archive, which is unpacked.",
     "https://example.org/demo.tar.gz"},
    {InputType::string, "A text, as it stands.", "stable"},
    {InputType::boolean, "true or false.", "true"},
    {InputType::nix, "A Nix expression, which is evaluated.", R"([ "x86_64-linux" ])"},
}};

}  // namespace

ApiJson input_types_view(std::string_view chosen) {
  ApiJson types = ApiJson::array();
  for (const auto& [type, help, example] : kTypes) {
    types.push_back({{"type", to_string(type)},
                     {"help", help},
                     {"example", example},
                     {"chosen", to_string(type) == chosen}});
  }
  return types;
}

ApiJson input_row_view(std::string_view name, std::string_view type, std::string_view value) {
  auto types = input_types_view(type);
  ApiJson row{{"inputName", name}, {"inputValue", value}};
  for (const auto& one : types) {
    if (!one["chosen"].get<bool>()) continue;
    row["inputHelp"] = one["help"];
    row["inputExample"] = one["example"];
  }
  row["types"] = std::move(types);
  return row;
}

}  // namespace grange
