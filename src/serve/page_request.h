#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "http/http_server_target.h"

namespace grange {

// Query parameters of the API. What is malformed throws InvalidFieldsError, naming it.

std::optional<std::string> text_parameter(const RequestTarget& target, std::string_view name);
std::optional<std::int64_t> integer_parameter(const RequestTarget& target, std::string_view name);
std::optional<bool> flag_parameter(const RequestTarget& target, std::string_view name);
/// RFC 3339 with any offset.
std::optional<TimePoint> time_parameter(const RequestTarget& target, std::string_view name);
/// `limit`: 1 to `most`, `otherwise` where it is missing.
std::size_t page_limit(const RequestTarget& target, std::size_t otherwise, std::size_t most);

/// The link of the same list behind `key`: the request's path and its parameters, `name` replaced.
std::string next_link(const RequestTarget& target, std::string_view name, std::string_view key);

/// Of one more row than a page has, leaves the page; did it find more?
template <typename Row>
bool cut_to_page(std::vector<Row>& rows, std::size_t limit) {
  if (rows.size() <= limit) return false;
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
  return true;
}

/// A page of a list that is there as a whole, in the order of its keys: what comes behind the
/// parameter `after`, with its `next`. `key_of(row)` is a text or a number, `print(row)` its JSON.
template <typename Json, typename Row, typename KeyOf, typename Print>
Json page_of_whole(const RequestTarget& target, std::string_view list, const std::vector<Row>& rows,
                   std::size_t limit, KeyOf key_of, Print print) {
  Json page = Json::object();
  Json items = Json::array();
  std::optional<std::string> last;
  bool has_more = false;
  const auto after = text_parameter(target, "after");
  for (const auto& row : rows) {
    std::string key;
    if constexpr (std::is_integral_v<decltype(key_of(row))>) {
      key = std::to_string(key_of(row));
      if (after && key_of(row) <= integer_parameter(target, "after").value()) continue;
    } else {
      key = key_of(row);
      if (after && key <= *after) continue;
    }
    has_more = items.size() == limit;
    if (has_more) break;
    items.push_back(print(row));
    last = std::move(key);
  }
  page[std::string(list)] = std::move(items);
  page["next"] = has_more ? Json(next_link(target, "after", last.value())) : Json();
  return page;
}

}  // namespace grange
