#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace grange {

/// The full name of a git commit: 40 hex digits, or 64 in a repository that uses SHA-256. Lower
/// case, so it can neither be an option nor a path.
class CommitId {
 public:
  /// Throws InvalidError, saying what was specified.
  static CommitId parse(std::string_view text);
  static std::optional<CommitId> try_parse(std::string_view text);

  const std::string& str() const noexcept { return text_; }
  /// The first eight digits, for people.
  std::string short_str() const { return text_.substr(0, 8); }

  auto operator<=>(const CommitId&) const = default;

 private:
  explicit CommitId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace grange
