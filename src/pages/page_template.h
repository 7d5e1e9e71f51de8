#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace grange {

/// A template with the part of mustache that pages need: `{{name}}`, `{{.}}`, `{{#name}}`,
/// `{{^name}}`, `{{/name}}`; names may be dotted. All that is put in is made fit for HTML and
/// escaped; there is no tag that would not do so. What is null, false, the empty text or the empty
/// list counts as not there. A name is looked for in what is nearest first. Thread safe.
///
/// Rendered straight from the model: a page has thousands of values, and a log tens of thousands.
class PageTemplate {
 public:
  /// Throws CorruptError for a tag that is none of these, and for sections that do not match.
  explicit PageTemplate(std::string_view text);

  std::string render(const nlohmann::ordered_json& model) const;

 private:
  struct Node {
    enum class Kind { text, value, section, inverted };
    Kind kind = Kind::text;
    std::string text;                 ///< itself; else nothing
    std::vector<std::string> name{};  ///< its parts; none: "."
    std::size_t end = 0;              ///< of a section: behind its last node
  };
  using Stack = std::vector<const nlohmann::ordered_json*>;

  void render(std::size_t begin, std::size_t end, Stack& stack, std::string& out) const;
  void render_section(std::size_t at, Stack& stack, std::string& out) const;

  std::vector<Node> nodes_;
};

}  // namespace grange
