#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grange {

/// A JSON value as it was read, for formats that must be read strictly: a key that stands twice is
/// refused, nesting is bounded, errors name the byte, and strings may hold bytes that are not
/// UTF-8, which Nix 2.8 writes as they are.
class JsonValue {
 public:
  enum class Kind { null, boolean, number, string, array, object };

  /// The whole text as one value. Throws InvalidError that begins with "offset N: ".
  static JsonValue parse(std::string_view text);

  Kind kind() const noexcept { return kind_; }
  std::size_t offset() const noexcept { return begin_; }
  /// The value's own part of the text that it was read from.
  std::string_view source(std::string_view text) const {
    return text.substr(begin_, end_ - begin_);
  }

  // The value as one kind; `what` names it in the InvalidError for another kind.
  const std::string& as_string(std::string_view what) const;
  bool as_boolean(std::string_view what) const;
  const std::vector<JsonValue>& as_array(std::string_view what) const;
  const std::vector<std::pair<std::string, JsonValue>>& as_object(std::string_view what) const;

  /// The member with this key, or null.
  const JsonValue* find(std::string_view key) const;

 private:
  friend class JsonParser;
  [[noreturn]] void fail_kind(std::string_view what, std::string_view kind) const;

  Kind kind_ = Kind::null;
  bool boolean_ = false;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string string_;
  std::vector<JsonValue> items_;
  std::vector<std::pair<std::string, JsonValue>> members_;
};

/// How deep arrays and objects may be nested.
inline constexpr std::size_t kMaxJsonDepth = 128;

}  // namespace grange
