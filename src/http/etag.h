#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grange {

/// One entity tag (RFC 9110, 8.8.3): `"abc"`, or `W/"abc"` for a weak one. A strong tag names one
/// sequence of bytes; Grange makes strong ones only, and reads both.
struct EntityTag {
  std::string opaque;  ///< between the quotes
  bool weak = false;

  /// A strong one. Throws InvalidError for what may not stand between quotes.
  static EntityTag strong(std::string_view opaque);
  /// The whole text is one tag; nothing otherwise.
  static std::optional<EntityTag> try_parse(std::string_view text);

  std::string text() const;

  friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

/// Equal and both strong: fit for joining ranges.
bool same_strongly(const EntityTag& left, const EntityTag& right);
/// Equal whatever their strength: fit for telling that nothing changed.
bool same_weakly(const EntityTag& left, const EntityTag& right);

/// Does the value of If-None-Match or If-Match (`*`, or tags separated by commas) name `tag`, by
/// weak comparison? `tag` is nothing where there is no such resource, which not even `*` names.
/// What is malformed names nothing more from there on.
bool list_names_tag(std::string_view list, const std::optional<EntityTag>& tag);

}  // namespace grange
