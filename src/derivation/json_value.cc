#include "derivation/json_value.h"

#include <cstdint>
#include <optional>
#include <set>

#include "base/error.h"

namespace grange {

/// Recursive descent, bounded by kMaxJsonDepth.
class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  JsonValue parse() {
    skip_space();
    JsonValue value = parse_value(0);
    skip_space();
    if (at_ != text_.size()) fail("bytes behind the value's end");
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const { fail_at(at_, what); }
  [[noreturn]] static void fail_at(std::size_t offset, std::string_view what) {
    throw InvalidError("offset " + std::to_string(offset) + ": " + std::string(what));
  }

  void skip_space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }
  char peek() const {
    if (at_ >= text_.size()) fail("the text ends too early");
    return text_[at_];
  }
  void take(std::string_view literal) {
    if (text_.substr(at_, literal.size()) != literal) {
      fail("'" + std::string(literal) + "' must stand here");
    }
    at_ += literal.size();
  }

  JsonValue parse_value(std::size_t depth) {
    if (depth > kMaxJsonDepth) fail("the value is nested too deeply");
    JsonValue value;
    value.begin_ = at_;
    switch (peek()) {
      case '{':
        parse_object(value, depth);
        break;
      case '[':
        parse_array(value, depth);
        break;
      case '"':
        value.kind_ = JsonValue::Kind::string;
        value.string_ = parse_string();
        break;
      case 't':
        take("true");
        value.kind_ = JsonValue::Kind::boolean;
        value.boolean_ = true;
        break;
      case 'f':
        take("false");
        value.kind_ = JsonValue::Kind::boolean;
        break;
      case 'n':
        take("null");
        break;
      default:
        parse_number();
        value.kind_ = JsonValue::Kind::number;
    }
    value.end_ = at_;
    return value;
  }

  /// Calls `element` for each element up to `close`, which it takes.
  template <typename Element>
  void parse_elements(char close, Element&& element) {
    ++at_;
    skip_space();
    if (peek() == close) {
      ++at_;
      return;
    }
    for (;;) {
      skip_space();
      element();
      skip_space();
      if (peek() == close) break;
      take(",");
    }
    ++at_;
  }

  void parse_object(JsonValue& value, std::size_t depth) {
    value.kind_ = JsonValue::Kind::object;
    std::set<std::string> keys;
    parse_elements('}', [&] {
      const std::size_t begin = at_;
      std::string key = parse_string();
      if (!keys.insert(key).second) fail_at(begin, "key '" + key + "' stands here twice");
      skip_space();
      take(":");
      skip_space();
      value.members_.emplace_back(std::move(key), parse_value(depth + 1));
    });
  }

  void parse_array(JsonValue& value, std::size_t depth) {
    value.kind_ = JsonValue::Kind::array;
    parse_elements(']', [&] { value.items_.push_back(parse_value(depth + 1)); });
  }

  std::string parse_string() {
    const std::size_t begin = at_;
    take("\"");
    std::string text;
    for (;;) {
      if (at_ >= text_.size()) fail_at(begin, "the string that begins here does not end");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character that must be escaped");
      ++at_;
      if (c == '"') return text;
      if (c == '\\') {
        parse_escape(text);
      } else {
        text += c;
      }
    }
  }

  void parse_escape(std::string& text) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char c = peek();
    if (c == 'u') {
      append_utf8(text, parse_code_point());
      return;
    }
    const auto place = kEscapes.find(c);
    if (place == std::string_view::npos) fail("an unknown escape");
    text += kMeanings[place];
    ++at_;
  }

  /// After a backslash, at 'u'; a pair of surrogates is one code point.
  std::uint32_t parse_code_point() {
    const std::size_t begin = at_;
    const std::uint32_t first = parse_unit();
    if (first < 0xd800 || first > 0xdfff) return first;
    if (first > 0xdbff || text_.substr(at_, 2) != "\\u") fail_at(begin, "half a surrogate pair");
    ++at_;
    const std::uint32_t second = parse_unit();
    if (second < 0xdc00 || second > 0xdfff) fail_at(begin, "half a surrogate pair");
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }
  std::uint32_t parse_unit() {
    take("u");
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
      const auto digit = kDigits.find(peek());
      if (digit == std::string_view::npos) fail("a hex digit must stand here");
      unit = unit << 4 | static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return unit;
  }
  static void append_utf8(std::string& text, std::uint32_t code) {
    const auto tail = [&](unsigned shift) {
      text += static_cast<char>(0x80 | (code >> shift & 0x3f));
    };
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0 | code >> 6);
      tail(0);
    } else if (code < 0x10000) {
      text += static_cast<char>(0xe0 | code >> 12);
      tail(6);
      tail(0);
    } else {
      text += static_cast<char>(0xf0 | code >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
  }

  void parse_number() {
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    if (at_ < text_.size() && text_[at_] == '0') {
      ++at_;
    } else {
      take_digits(begin);
    }
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      take_digits(begin);
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      take_digits(begin);
    }
  }
  void take_digits(std::size_t begin) {
    const std::size_t first = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    if (at_ == first) fail_at(begin, "no JSON value begins here");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

JsonValue JsonValue::parse(std::string_view text) {
  return JsonParser(text).parse();
}

void JsonValue::fail_kind(std::string_view what, std::string_view kind) const {
  throw InvalidError("offset " + std::to_string(begin_) + ": " + std::string(what) + " must be " +
                     std::string(kind));
}

const std::string& JsonValue::as_string(std::string_view what) const {
  if (kind_ != Kind::string) fail_kind(what, "a string");
  return string_;
}

bool JsonValue::as_boolean(std::string_view what) const {
  if (kind_ != Kind::boolean) fail_kind(what, "true or false");
  return boolean_;
}

const std::vector<JsonValue>& JsonValue::as_array(std::string_view what) const {
  if (kind_ != Kind::array) fail_kind(what, "an array");
  return items_;
}

const std::vector<std::pair<std::string, JsonValue>>& JsonValue::as_object(
    std::string_view what) const {
  if (kind_ != Kind::object) fail_kind(what, "an object");
  return members_;
}

const JsonValue* JsonValue::find(std::string_view key) const {
  for (const auto& [name, value] : members_) {
    if (name == key) return &value;
  }
  return nullptr;
}

}  // namespace grange
