#pragma once

#include "database/database.h"

namespace grange {

/// Says to whom a record belongs: to a farm whose builds are real, or to one that rehearses (all
/// steps succeed and nothing is made). Called at the start, in a transaction that writes. A record
/// without builds may become a rehearsal's, and stays so. Throws ConflictError for the other kind.
void claim_record(Database& database, bool rehearsal);

}  // namespace grange
