#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/steps.h"

namespace grange {

/// A project as a file declares it, whole.
struct DeclaredProject {
  ProjectSettings settings;
  std::vector<std::string> members;
  std::vector<JobsetSettings> jobsets;
};

/// Brings the record to what `file` declares, in the caller's transaction: what is new is made, a
/// project of the same name that somebody made is taken over with all its jobsets, what is declared
/// otherwise than before is changed and evaluated anew, all else stays as it is. What was declared
/// and is no longer, whichever file it was in, becomes disabled and hidden, keeps its history, and
/// belongs to nobody's file any more. Adds what happened to `events`.
void declare_projects(Database& database, const std::string& file,
                      const std::vector<DeclaredProject>& projects, TimePoint now,
                      std::vector<EventRow>& events);

}  // namespace grange
