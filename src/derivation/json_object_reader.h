#pragma once

#include <set>
#include <string>
#include <string_view>

#include "derivation/json_value.h"

namespace grange {

/// Takes the members of an object one by one and then insists that there were no others.
class JsonObjectReader {
 public:
  /// `what` names the object in errors.
  JsonObjectReader(const JsonValue& value, std::string what);

  /// The member, or null when it is absent.
  const JsonValue* take_optional(std::string_view key);
  /// The member. Throws InvalidError when it is absent.
  const JsonValue& take(std::string_view key);
  /// Throws InvalidError when a member was not taken.
  void finish() const;

 private:
  const JsonValue& value_;
  std::string what_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace grange
