#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "derivation/target_map.h"

namespace grange {

/// The target maps of one commit as the text of a git note (docs/formats/map-note.md): a line per
/// selection, each a JSON object. Notes come from whoever may push them: what is not as it must be
/// is refused, and nothing grows beyond its bound.
struct MapNoteEntry {
  std::string line;  ///< the selection, relative to the repository's top level
  TimePoint evaluated{};
  TargetMap map;
};

inline constexpr std::size_t kMaxMapNoteSize = std::size_t{48} << 20;
inline constexpr std::size_t kMaxMapNoteEntries = 64;
/// Of a map, and of its metadata, when decompressed.
inline constexpr std::uint64_t kMaxNotedMapSize = std::uint64_t{256} << 20;

/// The newest entry of this line; nothing where there is none. Throws InvalidError and
/// CorruptError.
std::optional<MapNoteEntry> find_in_map_note(std::string_view note, std::string_view line);

/// The note with this entry in the place of others of its line. Throws InvalidError when the note
/// is not one, or becomes too large.
std::string add_to_map_note(std::string_view note, const MapNoteEntry& entry);

}  // namespace grange
