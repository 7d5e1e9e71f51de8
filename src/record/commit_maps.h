#pragma once

#include <span>
#include <string>

#include "database/database.h"
#include "record/record.h"

namespace grange {

/// See Record::commit_maps. The search for a base asks for a thousand commits at once.
CommitMaps find_commit_maps(Database& database, const std::string& line,
                            std::span<const std::string> commits);

}  // namespace grange
