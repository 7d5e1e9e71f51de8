#include "record/conflicts.h"

#include "base/fault.h"
#include "record/column_values.h"
#include "record/writing_transaction.h"

namespace grange {

ConflictTable::ConflictTable(Database& database) : database_(database) {}

void ConflictTable::add(const std::vector<RealisationConflict>& conflicts, TimePoint found) {
  WritingTransaction transaction(database_);
  auto insert = database_.prepare(
      "INSERT INTO conflicts (found, drv_output, kept, refused) VALUES (?1, ?2, ?3, ?4)");
  for (const auto& conflict : conflicts) {
    insert.bind(1, to_column(found)).bind(2, conflict.id.to_string());
    insert.bind(3, conflict.kept.base_name()).bind(4, conflict.refused.base_name()).run();
  }
  fault_point("record.before-commit");
  transaction.commit();
}

std::vector<ConflictRecord> ConflictTable::last(std::size_t limit) {
  std::vector<ConflictRecord> records;
  auto find = database_.prepare(
      "SELECT found, drv_output, kept, refused FROM conflicts ORDER BY id DESC LIMIT ?1");
  find.bind(1, limit);
  while (find.step()) {
    records.push_back({time_of_column(find.integer(0)),
                       {DrvOutput::parse(find.text(1)), StorePath::parse(find.text(2)),
                        StorePath::parse(find.text(3))}});
  }
  return records;
}

}  // namespace grange
