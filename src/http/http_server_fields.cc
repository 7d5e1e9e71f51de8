#include "http/http_server_fields.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "http/http_token.h"

namespace grange {

namespace {

char lower_ascii(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A'))
                                              : character;
}

bool is_value_character(char character) {
  return character == '\t' || (static_cast<unsigned char>(character) >= 0x20 && character != 0x7f);
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return lower_ascii(a) == lower_ascii(b); });
}

void HeaderFields::add(std::string_view name, std::string_view value) {
  if (!is_http_token(name)) {
    throw InvalidError("'" + printable(name) + "' is no name of a header field");
  }
  if (!std::all_of(value.begin(), value.end(), is_value_character)) {
    throw InvalidError("the header field " + std::string(name) + " has a control character");
  }
  fields_.emplace_back(name, value);
}

void HeaderFields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void HeaderFields::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return equal_ignoring_case(field.first, name); });
}

const std::string* HeaderFields::find(std::string_view name) const {
  for (const auto& [have, value] : fields_) {
    if (equal_ignoring_case(have, name)) return &value;
  }
  return nullptr;
}

std::string_view HeaderFields::get(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

std::string HeaderFields::list(std::string_view name) const {
  std::string all;
  for (const auto& [have, value] : fields_) {
    if (!equal_ignoring_case(have, name)) continue;
    if (!all.empty()) all += ", ";
    all += value;
  }
  return all;
}

std::size_t HeaderFields::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const auto& field) { return equal_ignoring_case(field.first, name); }));
}

}  // namespace grange
