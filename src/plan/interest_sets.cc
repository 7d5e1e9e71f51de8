#include "plan/interest_sets.h"

#include <algorithm>
#include <utility>

namespace grange {
namespace {

/// So many unions are remembered; then remembering begins anew.
constexpr std::size_t kMostUnions = std::size_t{1} << 18;

/// Merges `other` into `into`, both by requester.
void merge_requesters(std::vector<Requester>& into, std::span<const Requester> other) {
  std::vector<Requester> merged;
  merged.reserve(into.size() + other.size());
  auto one = into.begin();
  for (const Requester& requester : other) {
    while (one != into.end() && one->requester < requester.requester) merged.push_back(*one++);
    merged.push_back(requester);
    if (one == into.end() || one->requester != requester.requester) continue;
    merged.back().bump = std::max(one->bump, requester.bump);
    merged.back().priority = std::max(one->priority, requester.priority);
    ++one;
  }
  merged.insert(merged.end(), one, into.end());
  into.swap(merged);
}

}  // namespace

std::size_t InterestSets::Hash::operator()(const Set& set) const {
  std::uint64_t hash = set.size();
  const auto mix = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29U;
  };
  for (const Requester& requester : set) {
    mix(requester.requester);
    mix(static_cast<std::uint64_t>(requester.bump));
    mix(static_cast<std::uint64_t>(requester.priority));
  }
  return hash;
}

InterestSets::InterestSets() {
  intern({});
}

InterestId InterestSets::intern(Set set) {
  const auto [found, is_new] =
      ids_.try_emplace(std::move(set), InterestId{static_cast<std::uint32_t>(sets_.size())});
  if (is_new) sets_.push_back(&found->first);
  return found->second;
}

InterestId InterestSets::single(const Requester& requester) {
  const auto [found, is_new] = singles_.try_emplace(requester);
  if (is_new) found->second = intern({requester});
  return found->second;
}

InterestId InterestSets::united(InterestId one, InterestId other) {
  if (one == other || other == kNobody) return one;
  if (one == kNobody) return other;
  if (other < one) std::swap(one, other);
  const std::uint64_t key =
      (static_cast<std::uint64_t>(one) << 32U) | static_cast<std::uint64_t>(other);
  if (const auto found = unions_.find(key); found != unions_.end()) return found->second;
  Set set((*this)[one].begin(), (*this)[one].end());
  merge_requesters(set, (*this)[other]);
  const InterestId result = intern(std::move(set));
  if (unions_.size() >= kMostUnions) unions_.clear();
  unions_.emplace(key, result);
  return result;
}

InterestId InterestSets::united(std::vector<InterestId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.empty()) return kNobody;
  if (ids.size() == 1) return ids.front();
  if (ids.size() == 2) return united(ids[0], ids[1]);
  Set set;
  for (const InterestId id : ids) merge_requesters(set, (*this)[id]);
  return intern(std::move(set));
}

}  // namespace grange
