#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "plan/requester.h"

namespace grange {

enum class InterestId : std::uint32_t {};

/// Who wants a step, interned: sets of requesters, each with the best bump and the best priority of
/// its wants. Millions of steps share few sets, so a step keeps a number and equal sets have equal
/// numbers. Sets are kept for good: spans stay valid as long as this.
class InterestSets {
 public:
  static constexpr InterestId kNobody{0};

  InterestSets();
  InterestSets(const InterestSets&) = delete;
  InterestSets& operator=(const InterestSets&) = delete;

  InterestId single(const Requester& requester);
  InterestId united(InterestId one, InterestId other);
  /// Of any number of sets, without keeping what lies between. Leaves `ids` sorted and unique.
  InterestId united(std::vector<InterestId>& ids);

  /// By requester, each once.
  std::span<const Requester> operator[](InterestId id) const {
    return *sets_[static_cast<std::size_t>(id)];
  }
  std::size_t size() const { return sets_.size(); }  ///< with the empty one

 private:
  using Set = std::vector<Requester>;
  struct Hash {
    std::size_t operator()(const Set& set) const;
  };

  InterestId intern(Set set);

  std::unordered_map<Set, InterestId, Hash> ids_;
  std::vector<const Set*> sets_;  ///< the keys of `ids_`
  std::unordered_map<std::uint64_t, InterestId> unions_;
  std::map<Requester, InterestId> singles_;
};

}  // namespace grange
