#pragma once

#include <optional>
#include <string>

#include "farm/ci.h"
#include "record/record.h"

namespace grange {

/// The map that a run is compared with, and how it came to be chosen.
struct Base {
  std::optional<TargetMap> map;  ///< nothing: everything is new
  std::string description;       ///< for people: "the last complete run (#12)"

  /// What the base knows of a label, as an outcome; a label that failed to evaluate has failed.
  Outcome outcome(const std::string& label) const;
};

/// Throws NotFoundError or InvalidError for a file that cannot be used, naming it.
Base choose_base(const BaseChoice& choice, const std::string& selection, Record& record);

}  // namespace grange
