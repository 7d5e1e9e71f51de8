#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "database/database.h"

namespace grange {

/// How far around a derivation is looked.
struct NeighbourQuery {
  std::int64_t derivation = 0;
  std::size_t depth = 1;    ///< steps from it at most
  std::size_t limit = 500;  ///< derivations at most, itself included
  /// Users are looked for among so many that were recorded next after it.
  std::size_t scanned = 20'000;
  /// What is gone on from; what is not is among the answers, and what it uses is not.
  std::function<bool(std::int64_t)> is_open = [](std::int64_t) { return true; };
};

/// Some derivations around one.
struct DerivationNeighbours {
  struct Edge {
    std::int64_t user = 0;
    std::int64_t input = 0;
    friend bool operator==(const Edge&, const Edge&) = default;
  };
  std::vector<std::int64_t> ids;    ///< the one asked for first, then what is nearer first
  std::vector<std::size_t> levels;  ///< of each: how many steps away
  std::vector<Edge> edges;          ///< among those
  bool cut = false;                 ///< there are more, beyond the depth or the limit
  bool unread = false;              ///< of users: some were recorded too late to be looked at
};

/// What a derivation uses, directly and through others.
DerivationNeighbours inputs_around(Database& database, const NeighbourQuery& query);

/// What uses it, directly and through others. Edges are kept by user alone, so this reads the
/// inputs of those that were recorded after it: whatever uses a derivation was recorded later. One
/// that is not open counts as no user.
DerivationNeighbours users_around(Database& database, const NeighbourQuery& query);

}  // namespace grange
