#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace grange::shape {

/// JSON schemas (draft 2020-12), as the document of the API has them (openapi.h). Objects have the
/// fields that are said and no others.

using Json = nlohmann::ordered_json;

Json text();
/// Up to so many characters.
Json text(std::size_t longest);
Json integer(std::int64_t least = 0);
Json number();
Json flag();
/// RFC 3339 in UTC.
Json time();
/// A path with a query, relative to the server: of the next page of a list.
Json link();
/// One of these texts.
Json one_of(const std::vector<std::string_view>& texts);
Json list_of(Json item);
/// An object with any keys.
Json map_of(Json value);
/// Anything.
Json anything();
/// The same or null.
Json nullable(Json schema);
/// One of the document's schemas.
Json ref(std::string_view name);

struct Field {
  std::string_view name;
  Json schema;
  bool required = true;
};
/// A field that may be missing.
Field may_have(std::string_view name, Json schema);
Json object(std::initializer_list<Field> fields);
/// What `object` gave, with more fields.
Json with(Json object, std::initializer_list<Field> fields);
/// A page of a list: its items, and the link of the next one, or null.
Json page_of(std::string_view name, std::string_view item);

/// With words for people.
Json described(Json schema, std::string_view about);

}  // namespace grange::shape
