#include "serve/json_body.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

using Json = nlohmann::json;

/// Names in messages are cut off here.
constexpr std::size_t kShownName = 80;

std::string shown_name(std::string_view name) {
  return printable(name.substr(0, kShownName));
}

std::string what_is(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a text";
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "the number " + value.dump();
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return "something else";
}

/// Watches a text being parsed.
class BodyWatch {
 public:
  explicit BodyWatch(int depth) : depth_(depth) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        check_depth(depth);
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::array_start:
        check_depth(depth);
        break;
      case Json::parse_event_t::key:
        check_text(value);
        if (!keys_.back().insert(value.get<std::string>()).second) {
          throw InvalidError("the body names '" + shown_name(value.get<std::string>()) +
                             "' twice in one object");
        }
        break;
      case Json::parse_event_t::value:
        if (value.is_string()) check_text(value);
        break;
      case Json::parse_event_t::array_end:
        break;
    }
    return true;
  }

 private:
  void check_depth(int depth) const {
    if (depth >= depth_) {
      throw InvalidError(fmt::format("the body is nested more than {} deep", depth_));
    }
  }
  static void check_text(const Json& value) {
    if (value.get_ref<const std::string&>().find('\0') != std::string::npos) {
      throw InvalidError("the body has a text with a NUL in it");
    }
  }

  int depth_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

nlohmann::json parse_json_body(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.size) {
    throw InvalidError(
        fmt::format("the body has {} bytes; the limit is {}", text.size(), limits.size));
  }
  if (trim(text).empty()) throw InvalidError("specified a JSON object, got an empty body");
  try {
    BodyWatch watch(limits.depth);
    auto value = Json::parse(text, std::ref(watch));
    if (!value.is_object()) {
      throw InvalidError("specified a JSON object, got " + what_is(value).substr(0, kShownName));
    }
    return value;
  } catch (const Json::exception& error) {
    throw InvalidError("the body is no JSON: " + shown_name(error.what()));
  }
}

std::string spelled_field(std::string_view name, FieldSpelling spelling) {
  std::string spelled;
  const auto end = std::min(name.find('.'), name.size());
  for (const char c : name.substr(0, end)) {
    const bool is_capital = c >= 'A' && c <= 'Z' && spelling == FieldSpelling::underscores;
    if (is_capital) spelled += '_';
    spelled += is_capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return spelled.append(name.substr(end));
}

JsonFields::JsonFields(const nlohmann::json& object, FieldErrors& errors, std::string prefix,
                       FieldSpelling spelling)
    : object_(object), errors_(errors), prefix_(std::move(prefix)), spelling_(spelling) {
  if (!object.is_object()) throw InvalidError("specified an object, got " + what_is(object));
}

const nlohmann::json* JsonFields::find(std::string_view name) {
  const auto& key = *seen_.insert(spelled_field(name, spelling_)).first;
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::has(std::string_view name) {
  return object_.contains(*seen_.insert(spelled_field(name, spelling_)).first);
}

void JsonFields::refuse(std::string_view name, std::string message) {
  errors_.add(prefix_ + shown_name(spelled_field(name, spelling_)), std::move(message));
}

void JsonFields::missing(std::string_view name) {
  refuse(name, "this is specified, got nothing");
}

void JsonFields::wrong_type(std::string_view name, std::string_view specified,
                            const nlohmann::json& got) {
  refuse(name, fmt::format("specified {}, got {}", specified, what_is(got)));
}

std::optional<std::string> JsonFields::optional_text(std::string_view name, std::size_t longest) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->get_ptr<const std::string*>();
  if (text == nullptr) {
    wrong_type(name, "a text", *value);
    return std::string();
  }
  if (text->size() > longest) {
    refuse(name, fmt::format("specified at most {} bytes, got {}", longest, text->size()));
    return std::string();
  }
  return *text;
}

std::string JsonFields::text(std::string_view name, std::size_t longest) {
  auto value = optional_text(name, longest);
  if (!value) missing(name);
  return std::move(value).value_or(std::string());
}

std::optional<std::int64_t> JsonFields::optional_integer(std::string_view name, std::int64_t least,
                                                         std::int64_t most) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  // What is beyond 64 bits is a number_float, and unsigned what is beyond 63.
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <=
                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (fits && value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most) {
    return value->get<std::int64_t>();
  }
  wrong_type(name, fmt::format("an integer from {} to {}", least, most), *value);
  return least;
}

std::int64_t JsonFields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto value = optional_integer(name, least, most);
  if (!value) missing(name);
  return value.value_or(least);
}

std::optional<bool> JsonFields::optional_flag(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  wrong_type(name, "true or false", *value);
  return false;
}

bool JsonFields::flag(std::string_view name) {
  const auto value = optional_flag(name);
  if (!value) missing(name);
  return value.value_or(false);
}

std::optional<bool> JsonFields::optional_loose_flag(std::string_view name) {
  const auto* value = find(name);
  if (value != nullptr && value->is_number_integer() && (*value == 0 || *value == 1)) {
    return *value == 1;
  }
  return optional_flag(name);
}

std::optional<std::vector<std::string>> JsonFields::optional_texts(std::string_view name,
                                                                   std::size_t most,
                                                                   std::size_t longest) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  if (!value->is_array()) {
    wrong_type(name, "an array of texts", *value);
    return texts;
  }
  if (value->size() > most) {
    refuse(name, fmt::format("specified at most {}, got {}", most, value->size()));
    return texts;
  }
  for (const auto& one : *value) {
    const auto* text = one.get_ptr<const std::string*>();
    if (text == nullptr) {
      wrong_type(name, "an array of texts", one);
    } else if (text->size() > longest) {
      refuse(name, fmt::format("specified texts of at most {} bytes, got one of {}", longest,
                               text->size()));
    } else {
      texts.push_back(*text);
    }
  }
  return texts;
}

std::vector<std::string> JsonFields::texts(std::string_view name, std::size_t most,
                                           std::size_t longest) {
  auto value = optional_texts(name, most, longest);
  if (!value) missing(name);
  return std::move(value).value_or(std::vector<std::string>());
}

bool JsonFields::optional_object(std::string_view name,
                                 const std::function<void(JsonFields&)>& take) {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_object()) {
    wrong_type(name, "an object", *value);
    return false;
  }
  JsonFields fields(*value, errors_, prefix_ + spelled_field(name, spelling_) + ".", spelling_);
  take(fields);
  fields.end();
  return true;
}

bool JsonFields::optional_objects(
    std::string_view name, std::size_t most,
    const std::function<void(const std::string&, JsonFields&)>& take) {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_object()) {
    wrong_type(name, "an object of objects", *value);
    return false;
  }
  if (value->size() > most) {
    refuse(name, fmt::format("specified at most {}, got {}", most, value->size()));
    return false;
  }
  for (const auto& [key, one] : value->items()) {
    const auto path = spelled_field(name, spelling_) + "." + shown_name(key);
    if (!one.is_object()) {
      wrong_type(path, "an object", one);
      continue;
    }
    JsonFields fields(one, errors_, prefix_ + path + ".", spelling_);
    take(key, fields);
    fields.end();
  }
  return true;
}

void JsonFields::end() {
  for (const auto& [name, value] : object_.items()) {
    if (seen_.contains(name)) continue;
    errors_.add(prefix_ + shown_name(name), "there is no field of this name");
  }
}

}  // namespace grange
