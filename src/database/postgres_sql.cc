#include "database/postgres_sql.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "database/sql_tokens.h"

namespace grange {
namespace {

constexpr std::uint64_t kMostParameters = 32766;  // SQLite's; PostgreSQL has twice as many

}  // namespace

PostgresSql postgres_sql(std::string_view sql) {
  PostgresSql result;
  result.text.reserve(sql.size() + 16);
  for (const auto& token : sql_tokens(sql)) {
    if (token.kind != SqlToken::Kind::parameter) {
      result.text += token.text;
      continue;
    }
    const auto number = token.text == "?" ? static_cast<std::uint64_t>(result.parameters) + 1
                                          : parse_number(token.text.substr(1)).value_or(0);
    if (number < 1 || number > kMostParameters) {
      throw CorruptError("a statement has the parameter '" + std::string(token.text) + "'");
    }
    result.parameters = std::max(result.parameters, static_cast<int>(number));
    result.text += '$' + std::to_string(number);
  }
  return result;
}

}  // namespace grange
