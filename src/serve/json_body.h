#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "serve/problem.h"

namespace grange {

struct JsonLimits {
  std::size_t size = 1024 * 1024;  ///< bytes
  int depth = 16;                  ///< of arrays and objects in each other
};

/// A request's body: one JSON object in UTF-8. Throws InvalidError for anything else, for one
/// beyond the limits, for an object that names a key twice, and for a text with a NUL.
nlohmann::json parse_json_body(std::string_view text, const JsonLimits& limits = {});

/// How names of several words are written.
enum class FieldSpelling {
  api,          ///< checkInterval
  underscores,  ///< check_interval, in files that people write
};
/// A field's name as `spelling` writes it; what stands behind a '.' is left as it is.
std::string spelled_field(std::string_view name, FieldSpelling spelling);

/// Takes the fields out of an object, each as the type that is specified. What is wrong is
/// collected, and a value of the type is returned all the same: nothing may be done with it before
/// `FieldErrors::check`. An optional one is nothing where it is missing or null. Object and errors
/// must outlive it.
class JsonFields {
 public:
  /// Throws InvalidError where it is no object. `prefix` stands before the names in errors:
  /// "inputs.nixpkgs.". Callers ask for fields as the API has them, however the object spells them.
  JsonFields(const nlohmann::json& object, FieldErrors& errors, std::string prefix = {},
             FieldSpelling spelling = FieldSpelling::api);
  JsonFields(const JsonFields&) = delete;
  JsonFields& operator=(const JsonFields&) = delete;

  static constexpr std::size_t kLongestText = 10'000;

  /// Is it there? Null counts.
  bool has(std::string_view name);

  std::string text(std::string_view name, std::size_t longest = kLongestText);
  std::optional<std::string> optional_text(std::string_view name,
                                           std::size_t longest = kLongestText);
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least,
                                               std::int64_t most);
  bool flag(std::string_view name);
  std::optional<bool> optional_flag(std::string_view name);
  /// As Hydra's clients send them: also 0 and 1.
  std::optional<bool> optional_loose_flag(std::string_view name);
  std::vector<std::string> texts(std::string_view name, std::size_t most,
                                 std::size_t longest = kLongestText);
  std::optional<std::vector<std::string>> optional_texts(std::string_view name, std::size_t most,
                                                         std::size_t longest = kLongestText);
  /// Takes the fields of an object that is a field; was there one?
  bool optional_object(std::string_view name, const std::function<void(JsonFields&)>& take);
  /// The same of an object whose values are objects, for each by its key; unknown fields are
  /// refused in each.
  bool optional_objects(std::string_view name, std::size_t most,
                        const std::function<void(const std::string&, JsonFields&)>& take);

  /// Says that something else is wrong with a field.
  void refuse(std::string_view name, std::string message);
  /// A field that is allowed and not looked at.
  void pass_over(std::string_view name) { seen_.insert(spelled_field(name, spelling_)); }
  /// Refuses every field that was not asked for.
  void end();

 private:
  /// Null where it is missing or null.
  const nlohmann::json* find(std::string_view name);
  void missing(std::string_view name);
  void wrong_type(std::string_view name, std::string_view specified, const nlohmann::json& got);

  const nlohmann::json& object_;
  FieldErrors& errors_;
  const std::string prefix_;
  const FieldSpelling spelling_;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace grange
