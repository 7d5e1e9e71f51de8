#include "http/etag.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {

namespace {

bool is_tag_character(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

/// Takes one tag from the front of `text`.
std::optional<EntityTag> take_tag(std::string_view& text) {
  std::string_view rest = text;
  EntityTag tag;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  rest.remove_prefix(1);
  const std::size_t end = rest.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  tag.opaque = rest.substr(0, end);
  if (!std::all_of(tag.opaque.begin(), tag.opaque.end(), is_tag_character)) return std::nullopt;
  text = rest.substr(end + 1);
  return tag;
}

}  // namespace

EntityTag EntityTag::strong(std::string_view opaque) {
  if (!std::all_of(opaque.begin(), opaque.end(), is_tag_character)) {
    throw InvalidError("'" + printable(opaque) + "' cannot be an entity tag");
  }
  return {std::string(opaque), false};
}

std::optional<EntityTag> EntityTag::try_parse(std::string_view text) {
  auto tag = take_tag(text);
  if (!text.empty()) return std::nullopt;
  return tag;
}

std::string EntityTag::text() const {
  return (weak ? "W/\"" : "\"") + opaque + "\"";
}

bool same_strongly(const EntityTag& left, const EntityTag& right) {
  return !left.weak && !right.weak && left.opaque == right.opaque;
}

bool same_weakly(const EntityTag& left, const EntityTag& right) {
  return left.opaque == right.opaque;
}

bool list_names_tag(std::string_view list, const std::optional<EntityTag>& tag) {
  if (!tag) return false;
  if (trim(list) == "*") return true;
  for (;;) {
    const std::size_t begin = list.find_first_not_of(" \t,");
    if (begin == std::string_view::npos) return false;
    list.remove_prefix(begin);
    const auto one = take_tag(list);
    if (!one) return false;
    if (same_weakly(*one, *tag)) return true;
  }
}

}  // namespace grange
