#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "database/sqlite.h"

namespace grange {

/// How the record's columns hold times: microseconds since 1970.
inline std::int64_t to_column(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline TimePoint time_of_column(std::int64_t value) {
  return TimePoint(
      std::chrono::duration_cast<TimePoint::duration>(std::chrono::microseconds(value)));
}

/// The id of a text in a table of distinct texts (id, text); it is added where it is missing.
inline std::int64_t id_of_text(SqliteStatement& add, SqliteStatement& find, std::string_view text) {
  add.bind(1, text).run();
  find.reset();
  if (!find.bind(1, text).step()) throw CorruptError("a row vanished while it was being used");
  const auto id = find.integer(0);
  find.reset();
  return id;
}

}  // namespace grange
