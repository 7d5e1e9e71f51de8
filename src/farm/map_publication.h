#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "derivation/target_map.h"
#include "farm/ci_report.h"
#include "farm/source_state.h"

namespace grange {

/// Where a map is published, for others to compare with.
struct MapPlace {
  bool notes = false;               ///< the notes of the repository
  std::filesystem::path directory;  ///< or a directory of maps

  /// "notes", or a directory (./notes for one of that name). Throws InvalidError for nothing.
  static MapPlace parse(std::string_view text);
  std::string to_string() const;
};

/// Publishes the map under its commit, if it is complete and of a clean work tree. A run is not
/// lost because this fails: why it did is in the result. Throws CancelledError.
MapPublication publish_map(const MapPlace& place, const TargetMap& map, const SourceState& source,
                           TimePoint evaluated);

}  // namespace grange
