#include <unordered_map>
#include <utility>

#include "database/read_transaction.h"
#include "store/path_reader.h"

namespace grange {
namespace {

/// The part of a store's graph that was looked at: every path is read once, however many closures
/// hold it.
class SizeGraph {
 public:
  SizeGraph(SqliteStatement& size, SqliteStatement& references)
      : size_(size), references_(references) {}

  std::uint64_t total(const std::vector<std::int64_t>& roots) {
    ++round_;
    std::uint64_t total = 0;
    std::vector<std::size_t> pending;
    const auto visit = [&](std::size_t index) {
      if (std::exchange(nodes_[index].seen, round_) != round_) pending.push_back(index);
    };
    for (const auto root : roots) visit(number_of(root));
    while (!pending.empty()) {
      const auto index = pending.back();
      pending.pop_back();
      read(index);
      total += nodes_[index].size;
      for (const auto reference : nodes_[index].references) visit(reference);
    }
    return total;
  }

 private:
  struct Node {
    std::int64_t id = 0;
    std::uint64_t size = 0;
    std::size_t seen = 0;  ///< the last round that came by
    bool known = false;
    std::vector<std::size_t> references;
  };

  std::size_t number_of(std::int64_t id) {
    const auto [at, is_new] = numbers_.try_emplace(id, nodes_.size());
    if (is_new) nodes_.emplace_back().id = id;
    return at->second;
  }

  void read(std::size_t index) {
    if (nodes_[index].known) return;
    nodes_[index].known = true;
    const auto id = nodes_[index].id;
    if (size_.bind(1, id).step()) {
      nodes_[index].size = static_cast<std::uint64_t>(size_.integer(0));
    }
    size_.reset();
    references_.bind(1, id);
    std::vector<std::size_t> references;
    while (references_.step()) references.push_back(number_of(references_.integer(0)));
    references_.reset();
    nodes_[index].references = std::move(references);
  }

  SqliteStatement& size_;
  SqliteStatement& references_;
  std::unordered_map<std::int64_t, std::size_t> numbers_;
  std::vector<Node> nodes_;
  std::size_t round_ = 0;
};

}  // namespace

std::vector<std::optional<std::uint64_t>> PathReader::closure_sizes(
    const std::vector<std::set<StorePath>>& groups) {
  const ReadTransaction transaction(database_);
  auto size = database_.prepare("select narSize from ValidPaths where id = ?");
  SizeGraph graph(size, reference_ids_);
  std::vector<std::optional<std::uint64_t>> sizes;
  sizes.reserve(groups.size());
  for (const auto& group : groups) {
    std::vector<std::int64_t> ids;
    for (const auto& path : group) {
      if (const auto id = find(path)) ids.push_back(*id);
    }
    auto& answer = sizes.emplace_back();
    if (!group.empty() && ids.size() == group.size()) answer = graph.total(ids);
  }
  return sizes;
}

}  // namespace grange
