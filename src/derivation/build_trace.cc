#include "derivation/build_trace.h"

#include <utility>

#include "base/error.h"
#include "derivation/json_string.h"
#include "derivation/json_value.h"

namespace grange {
namespace {

const JsonValue& required_member(const JsonValue& object, std::string_view key) {
  const auto* value = object.find(key);
  if (value == nullptr) throw InvalidError("field '" + std::string(key) + "' is missing");
  return *value;
}

std::string signature_text(const JsonValue& json) {
  if (json.find("keyName") == nullptr) return json.as_string("a signature");
  return required_member(json, "keyName").as_string("keyName") + ":" +
         required_member(json, "sig").as_string("sig");
}

void append_trace_member(std::string& json, std::string_view key, std::string_view value) {
  append_json_string(json, key);
  json += ':';
  append_json_string(json, value);
}

}  // namespace

BuildTraceEntry BuildTraceEntry::parse(BuildTraceKey key, std::string_view json) {
  return with_context(
      [] { return std::string("while reading an entry of a build trace"); },
      [&] {
        const auto value = JsonValue::parse(json);
        value.as_object("an entry");
        BuildTraceEntry entry{
            std::move(key),
            StorePath::parse(required_member(value, "outPath").as_string("outPath"))};
        if (const auto* stated = value.find("signatures")) {
          for (const auto& signature : stated->as_array("signatures")) {
            auto text = signature_text(signature);
            // What names no key is by nobody.
            if (text.find(':') != text.npos) entry.signatures.insert(std::move(text));
          }
        }
        return entry;
      });
}

std::string BuildTraceEntry::to_json() const {
  std::string json = "{";
  append_trace_member(json, "outPath", out_path.base_name());
  json += ",\"signatures\":[";
  for (const auto& signature : signatures) {
    if (json.back() != '[') json += ',';
    const auto colon = signature.find(':');
    json += '{';
    append_trace_member(json, "keyName", std::string_view(signature).substr(0, colon));
    json += ',';
    append_trace_member(json, "sig",
                        colon == signature.npos ? std::string_view()
                                                : std::string_view(signature).substr(colon + 1));
    json += '}';
  }
  return json += "]}";
}

std::string BuildTraceEntry::fingerprint() const {
  std::string json = "{\"key\":{";
  append_trace_member(json, "drvPath", key.derivation.base_name());
  json += ',';
  append_trace_member(json, "outputName", key.output);
  json += "},\"value\":{";
  append_trace_member(json, "outPath", out_path.base_name());
  return json += "}}";
}

}  // namespace grange
