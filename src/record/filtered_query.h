#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "derivation/build_result.h"
#include "record/rows.h"

namespace grange {

/// A SELECT whose conditions are those that were asked for, each with a value that is bound.
class FilteredQuery {
 public:
  /// Up to the WHERE, which may have begun.
  FilteredQuery(std::string begin, bool has_where)
      : sql_(std::move(begin)), word_(has_where ? "AND " : "WHERE ") {}

  /// "COLUMN OPERATOR" with the value, if there is one, and what comes behind that.
  template <typename Value>
  void add(std::string_view condition, const std::optional<Value>& value,
           std::string_view behind = "") {
    if (!value) return;
    values_.emplace_back(*value);
    add_words(std::string(condition) + " ?" + std::to_string(values_.size()) + std::string(behind));
  }
  void add(std::string_view condition, const std::optional<Outcome>& outcome) {
    if (outcome) add(condition, std::optional(std::string(to_string(*outcome))));
  }
  /// A condition without a value.
  void add_words(std::string_view condition) {
    sql_ += word_;
    sql_.append(condition).append(" ");
    word_ = "AND ";
  }

  /// With "ORDER BY …", and at most so many rows.
  Statement prepare(Database& database, std::string_view order, std::size_t limit) const {
    auto statement = database.prepare(sql_ + std::string(order) + " LIMIT ?" +
                                      std::to_string(values_.size() + 1));
    int index = 0;
    for (const auto& value : values_) {
      ++index;
      std::visit([&](const auto& bound) { detail::bind_value(statement, index, bound); }, value);
    }
    detail::bind_value(statement, index + 1, limit);
    return statement;
  }

 private:
  std::string sql_;
  std::string_view word_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

}  // namespace grange
