#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace grange {

/// Attributes that are visited together: the members of one set, or the selected paths.
struct WalkSet {
  std::vector<std::string> path;   ///< of the set
  std::vector<std::string> names;  ///< of its members, in nix's order
  /// Instead of path and names: what was asked for by name, each the root of a walk of its own.
  std::vector<std::vector<std::string>> selected;

  bool is_selection() const { return !selected.empty(); }
  std::size_t size() const { return is_selection() ? selected.size() : names.size(); }
  std::vector<std::string> attr_path(std::size_t index) const;
};

/// Members [first, first + count) of a set, for one evaluator at a time.
struct WalkBatch {
  std::shared_ptr<const WalkSet> set;
  std::size_t first = 0;
  std::size_t count = 0;
  unsigned deaths = 0;  ///< how many evaluators have died over it; then it is one member, alone
};

/// What of a walk is still to be handed out. Pure; not thread safe.
class WalkQueue {
 public:
  /// Every member of a set.
  void add(std::shared_ptr<const WalkSet> set);
  /// The rest of a batch whose evaluator has stopped in the middle; empty ones are dropped.
  void put_back(WalkBatch batch);
  /// One member that an evaluator died over, for a fresh one.
  void add_retry(WalkBatch batch);

  /// At most `limit` members of one set; just one of a selection.
  std::optional<WalkBatch> take(std::size_t limit);
  std::optional<WalkBatch> take_retry();

  std::size_t waiting() const { return waiting_; }  ///< members, without retries
  std::size_t retries() const { return retries_.size(); }
  bool empty() const { return waiting_ == 0 && retries_.empty(); }
  /// How many members were ever added.
  std::uint64_t added() const { return added_; }

 private:
  std::deque<WalkBatch> batches_;
  std::deque<WalkBatch> retries_;
  std::size_t waiting_ = 0;
  std::uint64_t added_ = 0;
};

}  // namespace grange
