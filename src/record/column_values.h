#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "database/database.h"
#include "derivation/output_set.h"

namespace grange {

/// How the record's columns hold times: microseconds since 1970.
inline std::int64_t to_column(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline TimePoint time_of_column(std::int64_t value) {
  return TimePoint(
      std::chrono::duration_cast<TimePoint::duration>(std::chrono::microseconds(value)));
}

/// An output set's column. Throws CorruptError for what is none.
OutputSetId output_set_of_column(ByteView bytes);

/// What somebody else has written, as every database takes it: UTF-8 without NUL. Other bytes
/// become "?".
std::string text_to_column(std::string_view text);

/// The id that an INSERT … RETURNING id gives.
std::int64_t returned_id(Statement& insert);

/// The id of a text in a table of distinct texts (id, text); it is added where it is missing.
std::int64_t id_of_text(Statement& add, Statement& find, std::string_view text);

}  // namespace grange
