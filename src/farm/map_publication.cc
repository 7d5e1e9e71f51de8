#include "farm/map_publication.h"

#include "base/error.h"
#include "base/file.h"
#include "derivation/target_map_file.h"
#include "farm/git_notes.h"
#include "farm/map_note.h"
#include "farm/map_sources.h"

namespace grange {
namespace {

/// Others may be writing notes of the same commit: git keeps whole what was written last.
constexpr int kTries = 3;

void publish_note(const TargetMap& map, const SourceState& source, TimePoint evaluated) {
  const GitNotes notes(source.repository->git());
  const MapNoteEntry entry{source.line, evaluated, map};
  for (int i = 0; i < kTries; ++i) {
    const auto present = notes.read(*source.commit);
    notes.write(*source.commit, add_to_map_note(present.value_or(""), entry));
    const auto written = notes.read(*source.commit);
    if (written && find_in_map_note(*written, source.line)) return;
  }
  throw UnavailableError("others replace the git note of " + source.commit->short_str() +
                         " all the time");
}

void publish(const MapPlace& place, const TargetMap& map, const SourceState& source,
             TimePoint evaluated) {
  if (place.notes) {
    publish_note(map, source, evaluated);
  } else {
    grange::create_directories(place.directory);
    write_target_map_file(map_file_of(place.directory, *source.commit), map);
  }
}

}  // namespace

MapPlace MapPlace::parse(std::string_view text) {
  if (text.empty()) throw InvalidError("specified 'notes' or a directory, got nothing");
  if (text == "notes") return {true, {}};
  return {false, std::filesystem::path(text)};
}

std::string MapPlace::to_string() const {
  return notes ? "the git notes" : "the directory '" + directory.string() + "'";
}

MapPublication publish_map(const MapPlace& place, const TargetMap& map, const SourceState& source,
                           TimePoint evaluated) {
  MapPublication publication{place.to_string(), {}};
  if (!map.complete) {
    publication.problem = "the evaluation is not complete";
  } else if (!source.commit) {
    publication.problem = source.no_commit;
  } else {
    try {
      publish(place, map, source, evaluated);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::cancelled) throw;
      publication.problem = error.what();
    }
  }
  return publication;
}

}  // namespace grange
