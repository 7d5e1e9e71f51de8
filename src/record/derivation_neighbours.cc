#include "record/derivation_neighbours.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "record/derivation_text.h"

namespace grange {
namespace {

using Ids = std::vector<std::int64_t>;

Ids unpack(ByteView column) {
  const std::string_view packed(reinterpret_cast<const char*>(column.data()), column.size());
  Ids ids;
  for (std::size_t at = 0; at < packed.size();) {
    ids.push_back(static_cast<std::int64_t>(take_number(packed, at)));
  }
  return ids;
}

/// The inputs of each of these, in one question.
std::unordered_map<std::int64_t, Ids> inputs_of(Database& database, const Ids& ids) {
  std::unordered_map<std::int64_t, Ids> inputs;
  if (ids.empty()) return inputs;
  auto statement = database.prepare("SELECT id, inputs FROM derivations WHERE id " +
                                    database.one_of(1, Database::ListOf::integers));
  statement.bind_integers(1, ids);
  while (statement.step()) inputs.emplace(statement.integer(0), unpack(statement.blob(1)));
  return inputs;
}

/// Those that were found so far, each with how many steps away it is.
class Found {
 public:
  explicit Found(const NeighbourQuery& query) : query_(query) { add(query.derivation, 0); }

  bool has(std::int64_t id) const { return levels_.contains(id); }
  std::size_t level(std::int64_t id) const { return levels_.at(id); }
  bool is_full() const { return found_.ids.size() >= query_.limit; }
  /// False where there is no room for one more.
  bool add(std::int64_t id, std::size_t level) {
    if (has(id)) return true;
    if (is_full() && !found_.ids.empty()) return false;
    levels_.emplace(id, level);
    found_.ids.push_back(id);
    found_.levels.push_back(level);
    return true;
  }
  void add_edge(std::int64_t user, std::int64_t input) { found_.edges.push_back({user, input}); }
  void set_cut() { found_.cut = true; }
  void set_unread() { found_.unread = true; }
  const Ids& ids() const { return found_.ids; }
  DerivationNeighbours take() { return std::move(found_); }

 private:
  const NeighbourQuery& query_;
  DerivationNeighbours found_;
  std::unordered_map<std::int64_t, std::size_t> levels_;
};

}  // namespace

DerivationNeighbours inputs_around(Database& database, const NeighbourQuery& query) {
  Found found(query);
  Ids level{query.derivation};
  for (std::size_t depth = 0; !level.empty(); ++depth) {
    std::erase_if(level, [&](std::int64_t id) { return !query.is_open(id); });
    const auto inputs = inputs_of(database, level);
    Ids next;
    for (const auto user : level) {
      const auto own = inputs.find(user);
      if (own == inputs.end()) continue;
      for (const auto input : own->second) {
        const bool is_new = !found.has(input);
        if (is_new && (depth >= query.depth || !found.add(input, depth + 1))) {
          found.set_cut();
          continue;
        }
        found.add_edge(user, input);
        if (is_new) next.push_back(input);
      }
    }
    level = std::move(next);
  }
  return found.take();
}

DerivationNeighbours users_around(Database& database, const NeighbourQuery& query) {
  Found found(query);
  struct Row {
    std::int64_t id;
    Ids inputs;
  };
  std::vector<Row> rows;
  auto statement =
      database.prepare("SELECT id, inputs FROM derivations WHERE id > ?1 ORDER BY id LIMIT ?2");
  statement.bind(1, query.derivation).bind(2, static_cast<std::int64_t>(query.scanned));
  std::size_t read = 0;
  while (statement.step()) {
    ++read;
    auto inputs = unpack(statement.blob(1));
    // What was recorded before it cannot lead to it.
    std::erase_if(inputs, [&](std::int64_t id) { return id < query.derivation; });
    if (!inputs.empty()) rows.push_back({statement.integer(0), std::move(inputs)});
  }
  statement.reset();
  if (read == query.scanned) found.set_unread();
  for (const auto& row : rows) {
    // Its own inputs were all looked at before it.
    auto nearest = query.depth;
    bool is_user = false;
    for (const auto input : row.inputs) {
      if (!found.has(input)) continue;
      is_user = true;
      nearest = std::min(nearest, found.level(input));
    }
    if (!is_user || !query.is_open(row.id)) continue;
    if (nearest >= query.depth || !found.add(row.id, nearest + 1)) {
      found.set_cut();
      if (found.is_full()) break;
      continue;
    }
    for (const auto input : row.inputs) {
      if (found.has(input)) found.add_edge(row.id, input);
    }
  }
  return found.take();
}

}  // namespace grange
