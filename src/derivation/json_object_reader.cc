#include "derivation/json_object_reader.h"

#include <utility>

#include "base/error.h"

namespace grange {

JsonObjectReader::JsonObjectReader(const JsonValue& value, std::string what)
    : value_(value), what_(std::move(what)) {
  value_.as_object(what_);
}

const JsonValue* JsonObjectReader::take_optional(std::string_view key) {
  taken_.emplace(key);
  return value_.find(key);
}

const JsonValue& JsonObjectReader::take(std::string_view key) {
  if (const auto* member = take_optional(key)) return *member;
  throw InvalidError("offset " + std::to_string(value_.offset()) + ": " + what_ + " has no key '" +
                     std::string(key) + "'");
}

void JsonObjectReader::finish() const {
  for (const auto& [key, member] : value_.as_object(what_)) {
    if (taken_.contains(key)) continue;
    throw InvalidError("offset " + std::to_string(member.offset()) + ": " + what_ +
                       " has the unknown key '" + key + "'");
  }
}

}  // namespace grange
