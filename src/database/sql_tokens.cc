#include "database/sql_tokens.h"

#include <algorithm>

namespace grange {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

template <typename Predicate>
std::size_t end_of_run(std::string_view sql, std::size_t begin, const Predicate& belongs) {
  const auto* end = std::find_if_not(sql.begin() + begin, sql.end(), belongs);
  return static_cast<std::size_t>(end - sql.begin());
}

/// Behind the quote that closes; a doubled one is two quoted texts side by side.
std::size_t end_of_quoted(std::string_view sql, std::size_t begin) {
  const auto close = sql.find(sql[begin], begin + 1);
  return close == std::string_view::npos ? sql.size() : close + 1;
}

std::size_t end_of_block_comment(std::string_view sql, std::size_t begin) {
  const auto close = sql.find("*/", begin + 2);
  return close == std::string_view::npos ? sql.size() : close + 2;
}

struct Piece {
  SqlToken::Kind kind;
  std::size_t end;
};

Piece piece_at(std::string_view sql, std::size_t begin) {
  using Kind = SqlToken::Kind;
  const char c = sql[begin];
  const auto rest = sql.substr(begin);
  if (is_space(c)) return {Kind::space, end_of_run(sql, begin, is_space)};
  if (is_word(c)) return {Kind::word, end_of_run(sql, begin, is_word)};
  if (rest.starts_with("--")) return {Kind::comment, std::min(sql.find('\n', begin), sql.size())};
  if (rest.starts_with("/*")) return {Kind::comment, end_of_block_comment(sql, begin)};
  if (c == '\'') return {Kind::string, end_of_quoted(sql, begin)};
  if (c == '"') return {Kind::identifier, end_of_quoted(sql, begin)};
  if (c == '?') return {Kind::parameter, end_of_run(sql, begin + 1, is_digit)};
  return {Kind::other, begin + 1};
}

}  // namespace

std::vector<SqlToken> sql_tokens(std::string_view sql) {
  std::vector<SqlToken> tokens;
  for (std::size_t begin = 0; begin < sql.size();) {
    const auto [kind, end] = piece_at(sql, begin);
    tokens.push_back({kind, sql.substr(begin, end - begin)});
    begin = end;
  }
  return tokens;
}

}  // namespace grange
