#include "daemon/nested_waits.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace grange {

std::optional<StorePath> NestedWaits::common(const Attempt& waiting, const Attempt& on) {
  for (const auto& needs : waiting.needs) {
    for (const auto& name : on.names) {
      if (needs.contains(name)) return name;
    }
  }
  return std::nullopt;
}

NestedWaits::Id NestedWaits::begin(std::set<StorePath> names) {
  const MutexLock lock(mutex_);
  Attempt begun{std::move(names)};
  for (const auto& [id, attempt] : attempts_) {
    if (common(attempt, begun)) begun.depth = std::max(begun.depth, attempt.depth + 1);
  }
  if (begun.depth > kDeepest) {
    throw InvalidError("builds are nested too deep: " + std::to_string(kDeepest) +
                       " builders wait for each other already");
  }
  attempts_.emplace(next_, std::move(begun));
  return next_++;
}

void NestedWaits::end(Id attempt) {
  const MutexLock lock(mutex_);
  attempts_.erase(attempt);
}

std::optional<NestedWaits::Needs> NestedWaits::wait(Id attempt, std::set<StorePath> needs,
                                                    std::optional<StorePath>& in_a_circle) {
  const MutexLock lock(mutex_);
  auto& all = attempts_.at(attempt).needs;
  const auto added = all.insert(all.end(), std::move(needs));
  in_a_circle = circle(attempt);
  if (!in_a_circle) return added;
  all.erase(added);
  return std::nullopt;
}

void NestedWaits::waited(Id attempt, Needs needs) {
  const MutexLock lock(mutex_);
  attempts_.at(attempt).needs.erase(needs);
}

/// What it needs and somebody is making who waits for it in the end.
std::optional<StorePath> NestedWaits::circle(Id attempt) const {
  struct Step {
    Id id;
    std::optional<StorePath> needed;  ///< by the attempt itself, on this way
  };
  std::set<Id> seen;
  std::vector<Step> todo{{attempt, std::nullopt}};
  while (!todo.empty()) {
    const auto [from, needed] = std::move(todo.back());
    todo.pop_back();
    for (const auto& [id, on] : attempts_) {
      if (seen.contains(id)) continue;
      auto name = common(attempts_.at(from), on);
      if (!name) continue;
      if (needed) name = needed;
      if (id == attempt) return name;
      seen.insert(id);
      todo.push_back({id, std::move(name)});
    }
  }
  return std::nullopt;
}

std::set<StorePath> NestedWaits::held(Id attempt) const {
  const MutexLock lock(mutex_);
  std::set<Id> seen{attempt};
  std::vector<Id> todo{attempt};
  std::set<StorePath> held;
  while (!todo.empty()) {
    const auto& on = attempts_.at(todo.back());
    todo.pop_back();
    held.insert(on.names.begin(), on.names.end());
    for (const auto& [id, waiting] : attempts_) {
      if (!seen.contains(id) && common(waiting, on)) {
        seen.insert(id);
        todo.push_back(id);
      }
    }
  }
  return held;
}

}  // namespace grange
