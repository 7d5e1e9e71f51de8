#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "derivation/graph_data.h"
#include "derivation/graph_node.h"

namespace grange {

/// All derivations of a graph while it is being loaded, by number and by base name. Entries never
/// move: threads hold pointers to them. Not thread safe.
class GraphEntries {
 public:
  explicit GraphEntries(GraphData& data) : data_(data) {}

  /// What the graph has already, finished.
  void take_over();

  std::size_t size() const noexcept { return entries_.size(); }
  GraphEntry& operator[](DerivationIndex number) { return entries_[number]; }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }

  /// The entry with this name, or null. `hash` is the table's hash of the name.
  GraphEntry* find(std::string_view base_name, std::uint32_t hash) {
    const auto number = data_.table.find(
        base_name, hash, [this](std::uint32_t at) { return entries_[at].node.base_name; });
    return number ? &entries_[*number] : nullptr;
  }
  /// The entry with this name, made when there was none.
  GraphEntry& intern(std::string_view base_name, std::uint32_t hash) {
    if (auto* known = find(base_name, hash)) return *known;
    auto& entry = entries_.emplace_back();
    entry.number = data_.table.add(hash);
    entry.node.base_name = keep_text(data_.texts, base_name);
    return entry;
  }

  /// The first input that has not finished, of an entry that has such.
  DerivationIndex first_unfinished_input(DerivationIndex number) const;

 private:
  GraphData& data_;
  std::deque<GraphEntry> entries_;
};

}  // namespace grange
