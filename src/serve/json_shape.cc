#include "serve/json_shape.h"

namespace grange::shape {

Json text() {
  return {{"type", "string"}};
}

Json text(std::size_t longest) {
  return {{"type", "string"}, {"maxLength", longest}};
}

Json integer(std::int64_t least) {
  return {{"type", "integer"}, {"format", "int64"}, {"minimum", least}};
}

Json number() {
  return {{"type", "number"}};
}

Json flag() {
  return {{"type", "boolean"}};
}

Json time() {
  return {{"type", "string"}, {"format", "date-time"}};
}

Json link() {
  return {{"type", "string"}, {"format", "uri-reference"}};
}

Json one_of(const std::vector<std::string_view>& texts) {
  return {{"type", "string"}, {"enum", texts}};
}

Json list_of(Json item) {
  return {{"type", "array"}, {"items", std::move(item)}};
}

Json map_of(Json value) {
  return {{"type", "object"}, {"additionalProperties", std::move(value)}};
}

Json anything() {
  return Json::object();
}

Json nullable(Json schema) {
  if (!schema.contains("type")) {
    Json either = Json::array();
    either.push_back(std::move(schema));
    either.push_back({{"type", "null"}});
    return {{"oneOf", std::move(either)}};
  }
  Json types = Json::array();
  types.push_back(schema["type"]);
  types.push_back("null");
  schema["type"] = std::move(types);
  if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  return schema;
}

Json ref(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

Field may_have(std::string_view name, Json schema) {
  return {name, std::move(schema), false};
}

Json object(std::initializer_list<Field> fields) {
  Json schema{{"type", "object"},
              {"required", Json::array()},
              {"properties", Json::object()},
              {"additionalProperties", false}};
  return with(std::move(schema), fields);
}

Json with(Json object, std::initializer_list<Field> fields) {
  for (const auto& field : fields) {
    object["properties"][std::string(field.name)] = field.schema;
    if (field.required) object["required"].push_back(field.name);
  }
  return object;
}

Json page_of(std::string_view name, std::string_view item) {
  return object({{name, list_of(ref(item))}, {"next", nullable(link())}});
}

Json described(Json schema, std::string_view about) {
  schema["description"] = about;
  return schema;
}

}  // namespace grange::shape
