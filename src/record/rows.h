#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "database/database.h"
#include "record/column_values.h"

namespace grange {

/// Reads the columns of a statement's present row, from left to right.
class RowReader {
 public:
  explicit RowReader(const Statement& statement) : statement_(statement) {}

  std::int64_t integer() { return statement_.integer(column_++); }
  bool flag() { return integer() != 0; }
  double real() { return statement_.real(column_++); }
  std::string text() { return std::string(statement_.text(column_++)); }
  ByteView blob() { return statement_.blob(column_++); }
  TimePoint time() { return time_of_column(integer()); }
  std::optional<std::int64_t> optional_integer() {
    if (is_null()) return std::nullopt;
    return integer();
  }
  std::optional<double> optional_real() {
    if (is_null()) return std::nullopt;
    return real();
  }
  std::optional<std::string> optional_text() {
    if (is_null()) return std::nullopt;
    return text();
  }
  std::optional<TimePoint> optional_time() {
    if (is_null()) return std::nullopt;
    return time();
  }

 private:
  /// Steps over it when it is.
  bool is_null() {
    if (!statement_.is_null(column_)) return false;
    ++column_;
    return true;
  }

  const Statement& statement_;
  int column_ = 0;
};

/// A value that goes into a column of bytes.
struct BlobValue {
  ByteView bytes;
};

namespace detail {

inline void bind_value(Statement& to, int index, bool value) {
  to.bind(index, value ? 1 : 0);
}
template <std::integral T>
requires(!std::same_as<T, bool>) void bind_value(Statement& to, int index, T value) {
  to.bind(index, value);
}
inline void bind_value(Statement& to, int index, double value) {
  to.bind(index, value);
}
inline void bind_value(Statement& to, int index, std::string_view value) {
  to.bind(index, value);
}
inline void bind_value(Statement& to, int index, const std::string& value) {
  to.bind(index, std::string_view(value));
}
inline void bind_value(Statement& to, int index, const char* value) {
  to.bind(index, std::string_view(value));
}
inline void bind_value(Statement& to, int index, BlobValue value) {
  to.bind_blob(index, value.bytes);
}
inline void bind_value(Statement& to, int index, TimePoint value) {
  to.bind(index, to_column(value));
}
template <typename T>
void bind_value(Statement& to, int index, const std::optional<T>& value) {
  if (value) {
    bind_value(to, index, *value);
  } else {
    to.bind_null(index);
  }
}

}  // namespace detail

/// Binds the values from position 1 on.
template <typename... Values>
Statement& bind_all(Statement& statement, const Values&... values) {
  int index = 0;
  (detail::bind_value(statement, ++index, values), ...);
  return statement;
}

/// Runs a statement without rows; how many rows it changed.
template <typename... Values>
std::int64_t run(Database& database, std::string_view sql, const Values&... values) {
  auto statement = database.prepare(sql);
  return bind_all(statement, values...).run();
}

/// The first column of the first row, an integer, if there is a row and it is not null.
template <typename... Values>
std::optional<std::int64_t> find_integer(Database& database, std::string_view sql,
                                         const Values&... values) {
  auto statement = database.prepare(sql);
  bind_all(statement, values...);
  if (!statement.step()) return std::nullopt;
  return RowReader(statement).optional_integer();
}

/// The same of a text.
template <typename... Values>
std::optional<std::string> find_text(Database& database, std::string_view sql,
                                     const Values&... values) {
  auto statement = database.prepare(sql);
  bind_all(statement, values...);
  if (!statement.step()) return std::nullopt;
  return RowReader(statement).optional_text();
}

}  // namespace grange
