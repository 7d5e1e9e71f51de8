#pragma once

#include <string>
#include <string_view>

namespace grange {

/// A statement with its parameters as PostgreSQL writes them.
struct PostgresSql {
  std::string text;
  int parameters = 0;  ///< the largest number of one
};

/// "?3" becomes "$3", and "?" gets the number after the largest one so far, as in SQLite; not in
/// strings, quoted names and comments. Throws CorruptError for a number that cannot be one.
PostgresSql postgres_sql(std::string_view sql);

}  // namespace grange
