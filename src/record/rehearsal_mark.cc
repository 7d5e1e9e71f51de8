#include "record/rehearsal_mark.h"

#include "base/error.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kRehearsalMark = "rehearsal";

}  // namespace

void claim_record(Database& database, bool rehearsal) {
  const bool marked =
      find_integer(database, "SELECT 1 FROM marks WHERE name = ?1", kRehearsalMark).has_value();
  if (marked == rehearsal) return;
  if (marked) {
    throw ConflictError("database '" + database.name() +
                        "' belongs to a rehearsal: nothing that it calls good was ever made");
  }
  if (find_integer(database, "SELECT id FROM builds LIMIT 1") ||
      find_integer(database, "SELECT id FROM steps LIMIT 1") ||
      find_integer(database, "SELECT id FROM attempts LIMIT 1")) {
    throw ConflictError("database '" + database.name() +
                        "' has real builds; a rehearsal needs one of its own");
  }
  run(database, "INSERT INTO marks (name, value) VALUES (?1, '')", kRehearsalMark);
}

}  // namespace grange
