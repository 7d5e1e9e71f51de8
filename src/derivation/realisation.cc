#include "derivation/realisation.h"

#include "base/error.h"
#include "derivation/json_string.h"
#include "derivation/json_value.h"

namespace grange {
namespace {

void append_member(std::string& json, std::string_view key, std::string_view value) {
  append_json_string(json, key);
  json += ':';
  append_json_string(json, value);
}

std::string to_text(const Realisation& realisation, bool with_signatures) {
  std::string json = "{\"dependentRealisations\":{";
  for (const auto& [id, path] : realisation.dependencies) {
    if (json.back() != '{') json += ',';
    append_member(json, id.to_string(), path.base_name());
  }
  json += "},";
  append_member(json, "id", realisation.id.to_string());
  json += ',';
  append_member(json, "outPath", realisation.out_path.base_name());
  if (with_signatures) {
    json += ",\"signatures\":[";
    for (const auto& signature : realisation.signatures) {
      if (json.back() != '[') json += ',';
      append_json_string(json, signature);
    }
    json += ']';
  }
  return json += '}';
}

const JsonValue& required(const JsonValue& object, std::string_view key) {
  const auto* value = object.find(key);
  if (value == nullptr) throw InvalidError("field '" + std::string(key) + "' is missing");
  return *value;
}

Realisation from_json(const JsonValue& json) {
  json.as_object("a realisation");
  Realisation realisation{DrvOutput::parse(required(json, "id").as_string("id")),
                          StorePath::parse(required(json, "outPath").as_string("outPath")),
                          {},
                          {}};
  if (const auto* signatures = json.find("signatures")) {
    for (const auto& signature : signatures->as_array("signatures")) {
      realisation.signatures.insert(signature.as_string("a signature"));
    }
  }
  if (const auto* dependencies = json.find("dependentRealisations")) {
    for (const auto& [id, path] : dependencies->as_object("dependentRealisations")) {
      realisation.dependencies.emplace(DrvOutput::parse(id),
                                       StorePath::parse(path.as_string("a path")));
    }
  }
  return realisation;
}

}  // namespace

Realisation Realisation::parse(std::string_view json) {
  return with_context([] { return std::string("while reading a realisation"); },
                      [&] { return from_json(JsonValue::parse(json)); });
}

std::string Realisation::to_json() const {
  return to_text(*this, true);
}

std::string Realisation::fingerprint() const {
  return to_text(*this, false);
}

}  // namespace grange
