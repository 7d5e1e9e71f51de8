#include "store/row_removal.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/fault.h"

namespace grange {
namespace {

bool has_realisations(SqliteDatabase& database) {
  auto statement = database.prepare(
      "select count(*) from sqlite_master where type = 'table' and "
      "name in ('Realisations', 'RealisationsRefs')");
  return statement.step() && statement.integer(0) == 2;
}

}  // namespace

RowRemoval::RowRemoval(SqliteDatabase database) : database_(std::move(database)) {
  database_.execute(
      "PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; "
      "create temp table Doomed (id integer primary key)");
}

void RowRemoval::choose(const std::vector<std::int64_t>& rows) {
  database_.execute("delete from temp.Doomed");
  auto insert = database_.prepare("insert into temp.Doomed (id) values (?)");
  for (const std::int64_t row : rows) insert.bind(1, row).run();
}

std::vector<std::int64_t> RowRemoval::refuse_referenced() {
  std::vector<std::int64_t> refused;
  auto referenced = database_.prepare(
      "select distinct reference from temp.Doomed join Refs on reference = Doomed.id "
      "where referrer not in (select id from temp.Doomed)");
  auto spare = database_.prepare("delete from temp.Doomed where id = ?");
  // Sparing one makes what it refers to referenced as well.
  for (bool more = true; more;) {
    std::vector<std::int64_t> found;
    while (referenced.step()) found.push_back(referenced.integer(0));
    referenced.reset();
    for (const std::int64_t row : found) spare.bind(1, row).run();
    more = !found.empty();
    refused.insert(refused.end(), found.begin(), found.end());
  }
  std::sort(refused.begin(), refused.end());
  return refused;
}

std::vector<std::int64_t> RowRemoval::remove(const std::vector<std::int64_t>& rows) {
  fault_point("gc.before-invalidate");
  SqliteTransaction transaction(database_);
  choose(rows);
  auto refused = refuse_referenced();
  if (has_realisations(database_)) {
    // A realisation that depended on one of these stays, and forgets that it did.
    database_.execute(
        "delete from RealisationsRefs where referrer in (select id from Realisations where "
        "outputPath in (select id from temp.Doomed)) or realisationReference in (select id from "
        "Realisations where outputPath in (select id from temp.Doomed)); "
        "delete from Realisations where outputPath in (select id from temp.Doomed)");
  }
  database_.execute(
      "delete from Refs where referrer in (select id from temp.Doomed); "
      "delete from DerivationOutputs where drv in (select id from temp.Doomed); "
      "delete from ValidPaths where id in (select id from temp.Doomed)");
  fault_point("gc.before-commit");
  transaction.commit();
  return refused;
}

}  // namespace grange
