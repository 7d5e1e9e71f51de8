#include "derivation/target_map_text.h"

#include "base/error.h"
#include "base/hash.h"
#include "derivation/json_string.h"

namespace grange {
namespace {

void append_strings(std::string& text, const std::vector<std::string>& strings) {
  text += '[';
  for (std::size_t i = 0; i < strings.size(); ++i) {
    if (i > 0) text += ',';
    append_json_string(text, strings[i]);
  }
  text += ']';
}

void append_label(std::string& text, const std::string& label) {
  if (label.size() > kMaxLabelLength) {
    throw InvalidError("a label is longer than " + std::to_string(kMaxLabelLength) + " bytes");
  }
  append_json_string(text, label);
}

void append_target(std::string& text, const StoreDir& store, const Target& target) {
  text += "{\"attrPath\":";
  append_strings(text, target.attr_path);
  text += ",\"drvPath\":";
  append_json_string(text, store.print(target.derivation));
  if (!target.name.empty()) {
    text += ",\"name\":";
    append_json_string(text, target.name);
  }
  if (target.outcome != Outcome::unknown) {
    text += ",\"outcome\":";
    append_json_string(text, to_string(target.outcome));
  }
  if (target.output_set) {
    text += ",\"outputSet\":\"";
    text += target.output_set->to_string();
    text += '"';
  }
  if (!target.outputs.empty()) {
    text += ",\"outputs\":";
    append_strings(text, target.outputs);
  }
  if (!target.system.empty()) {
    text += ",\"system\":";
    append_json_string(text, target.system);
  }
  text += '}';
}

void append_error(std::string& text, const TargetError& error) {
  text += "{\"attrPath\":";
  append_strings(text, error.attr_path);
  text += ",\"error\":";
  append_json_string(text, error.error);
  text += '}';
}

/// An object with a line per label.
template <typename Value, typename Append>
void append_by_label(std::string& text, const std::map<std::string, Value, std::less<>>& values,
                     const Append& append) {
  text += "{\n";
  std::size_t left = values.size();
  for (const auto& [label, value] : values) {
    with_context([&label = label] { return "in '" + label + "'"; },
                 [&, &label = label, &value = value] {
                   append_label(text, label);
                   text += ':';
                   append(value);
                 });
    text += --left > 0 ? ",\n" : "\n";
  }
  text += '}';
}

std::string print_metadata(const TargetMap& map, std::string_view map_text) {
  std::string text = "{\n\"format\":\"grange-target-map-1\",\n\"complete\":";
  text += map.complete ? "true" : "false";
  text += ",\n\"commit\":";
  append_json_string(text, map.commit);
  text += ",\n\"counts\":{\"targets\":" + std::to_string(map.targets.size());
  text += ",\"errors\":" + std::to_string(map.errors.size());
  text += "},\n\"digest\":\"" + to_hash(sha256(map_text)).to_string(HashFormat::base16);
  text += "\",\n\"storeDir\":";
  append_json_string(text, map.store_dir.str());
  text += ",\n\"errors\":";
  append_by_label(text, map.errors, [&](const TargetError& error) { append_error(text, error); });
  text += "\n}\n";
  return text;
}

}  // namespace

TargetMapText print_target_map(const TargetMap& map) {
  TargetMapText text;
  text.map.reserve(map.targets.size() * 320);  // what a line takes, so that growing copies little
  append_by_label(text.map, map.targets,
                  [&](const Target& target) { append_target(text.map, map.store_dir, target); });
  text.map += '\n';
  text.metadata = print_metadata(map, text.map);
  return text;
}

}  // namespace grange
