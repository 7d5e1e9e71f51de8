#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grange {

/// Are two texts equal but for the case of ASCII letters?
bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// The header fields of a message in their order, several of one name allowed. Names are found
/// whatever their case.
class HeaderFields {
 public:
  /// Throws InvalidError for a name that is no token, and for a value with a line break or another
  /// control character: what comes from outside can't add a line to a head.
  void add(std::string_view name, std::string_view value);
  /// As `add`, in the place of all that have this name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The first of this name; null when there is none.
  const std::string* find(std::string_view name) const;
  /// The same, empty when there is none.
  std::string_view get(std::string_view name) const;
  /// All of this name as one list, separated by ", ".
  std::string list(std::string_view name) const;
  /// How many there are of this name.
  std::size_t count(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace grange
