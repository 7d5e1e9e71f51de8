#pragma once

#include <span>
#include <string>

#include "database/database.h"

namespace grange {

/// Forgets the lasting failures of what these derivations (file names) promise, whoever tried, so
/// that it is tried again. Inside the caller's transaction.
void forget_failures(Database& database, std::span<const std::string> derivations);

}  // namespace grange
