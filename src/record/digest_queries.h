#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "database/database.h"

namespace grange {

/// Is it better to ask for so many rows at once than one by one? SQLite finds a row sooner than it
/// reads a list; every answer of a server is a journey.
bool is_better_asked_at_once(const Database& database, std::size_t count);

/// Runs `query` for all digests, some thousands at a time: it ends where the condition that follows
/// a column comes, which is parameter 1. `bind_more` binds the others.
void query_digests(Database& database, std::string_view query, std::span<const ByteView> digests,
                   const std::function<void(Statement&)>& bind_more,
                   const std::function<void(const Statement&)>& row);

/// INSERT INTO `table` (digest, map), of every digest and this map; `on_conflict` follows. The
/// digests are distinct.
void insert_digests(Database& database, std::string_view table, std::string_view on_conflict,
                    std::span<const ByteView> digests, std::optional<std::int64_t> map);

/// The digests of a list of what has them.
template <typename List, typename DigestOf>
std::vector<ByteView> digests_of(const List& list, const DigestOf& digest_of) {
  std::vector<ByteView> digests;
  digests.reserve(list.size());
  for (const auto& item : list) digests.emplace_back(digest_of(item));
  return digests;
}

}  // namespace grange
