#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace grange {

/// A piece of SQL. Only as much is told apart as translating needs.
struct SqlToken {
  enum class Kind : std::uint8_t {
    space,
    comment,     ///< "-- …" without its line break, "/* … */"
    string,      ///< '…'
    identifier,  ///< "…"
    word,        ///< a name, a keyword, a number
    parameter,   ///< "?" or "?12"
    other,       ///< one character
  };
  Kind kind = Kind::other;
  std::string_view text;

  bool is(std::string_view word) const { return kind == Kind::word && text == word; }
};

/// All of it: the tokens' texts, one after the other, are `sql`. What is never closed ends with it.
std::vector<SqlToken> sql_tokens(std::string_view sql);

}  // namespace grange
