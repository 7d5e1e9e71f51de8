#pragma once

#include <string>

#include "farm/ci_report.h"

namespace grange {

/// The end of a run, for people: what was evaluated, what changed, what was made, what fails.
std::string ci_summary_text(const CiReport& report);
/// The same and every target, for programs: one JSON object (docs/manual.md, "grange ci --json").
std::string ci_summary_json(const CiReport& report);

}  // namespace grange
