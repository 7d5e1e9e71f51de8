#include "farm/map_note.h"

#include <vector>

#include "base/compression.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "derivation/json_string.h"
#include "derivation/json_value.h"
#include "derivation/target_map_text.h"

namespace grange {
namespace {

constexpr std::string_view kFormat = "grange-map-note-1";

/// One line of a note, still packed.
struct PackedEntry {
  std::string_view text;  ///< all of it
  std::string line;
  std::uint64_t evaluated = 0;
  std::string map;
  std::string metadata;
};

const std::string& text_member(const JsonValue& object, std::string_view key) {
  const auto* value = object.find(key);
  if (value == nullptr) throw InvalidError("key '" + std::string(key) + "' is missing");
  return value->as_string(key);
}

std::uint64_t time_member(const JsonValue& object, std::string_view text) {
  const auto* value = object.find("evaluated");
  if (value == nullptr) throw InvalidError("key 'evaluated' is missing");
  const auto seconds = parse_number(value->source(text));
  if (!seconds || *seconds > 9'000'000'000) {
    throw InvalidError("key 'evaluated' is not a number of seconds since 1970");
  }
  return *seconds;
}

PackedEntry parse_entry(std::string_view text) {
  const auto object = JsonValue::parse(text);
  object.as_object("the entry");
  if (const auto& format = text_member(object, "format"); format != kFormat) {
    throw InvalidError("specified the format '" + std::string(kFormat) + "', got '" +
                       printable(format.substr(0, 100)) + "'");
  }
  return {text, text_member(object, "line"), time_member(object, text), text_member(object, "map"),
          text_member(object, "metadata")};
}

std::vector<PackedEntry> parse_entries(std::string_view note) {
  if (note.size() > kMaxMapNoteSize) {
    throw InvalidError("the note is larger than " + format_bytes(kMaxMapNoteSize));
  }
  std::vector<PackedEntry> entries;
  for (const auto text : split(note, '\n')) {
    if (trim(text).empty()) continue;
    if (entries.size() == kMaxMapNoteEntries) {
      throw InvalidError("the note has more than " + std::to_string(kMaxMapNoteEntries) +
                         " entries");
    }
    entries.push_back(with_context([&] { return "in entry " + std::to_string(entries.size() + 1); },
                                   [&] { return parse_entry(text); }));
  }
  return entries;
}

std::string unpack(const std::string& packed, std::string_view what) {
  const auto bytes = base64_decode(packed);
  if (!bytes) throw InvalidError("the " + std::string(what) + " is not base64");
  return with_context(
      [&] { return "in the " + std::string(what); },
      [&] { return decompress(Compression::zstd, as_text(*bytes), kMaxNotedMapSize); });
}

std::string pack(std::string_view text) {
  return base64_encode(as_bytes(compress(Compression::zstd, text, 12)));
}

std::string print_entry(const MapNoteEntry& entry) {
  const auto map = print_target_map(entry.map);
  std::string text = "{\"format\":\"" + std::string(kFormat) + "\",\"line\":";
  append_json_string(text, entry.line);
  text += ",\"evaluated\":" + std::to_string(to_unix(entry.evaluated));
  text += ",\"map\":\"" + pack(map.map) + "\",\"metadata\":\"" + pack(map.metadata) + "\"}\n";
  return text;
}

}  // namespace

std::optional<MapNoteEntry> find_in_map_note(std::string_view note, std::string_view line) {
  auto entries = parse_entries(note);
  const PackedEntry* newest = nullptr;
  for (const auto& entry : entries) {
    if (entry.line != line) continue;
    if (newest == nullptr || entry.evaluated >= newest->evaluated) newest = &entry;
  }
  if (newest == nullptr) return std::nullopt;
  const std::string map = unpack(newest->map, "map");
  const std::string metadata = unpack(newest->metadata, "metadata");
  return MapNoteEntry{newest->line, TimePoint(std::chrono::seconds(newest->evaluated)),
                      parse_target_map(map, metadata)};
}

std::string add_to_map_note(std::string_view note, const MapNoteEntry& entry) {
  std::string text;
  for (const auto& present : parse_entries(note)) {
    if (present.line != entry.line) text += std::string(present.text) + '\n';
  }
  text += print_entry(entry);
  parse_entries(text);  // within its bounds, or nobody would read it
  return text;
}

}  // namespace grange
