#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>

#include "base/thread_annotations.h"
#include "derivation/store_path.h"

namespace grange {

/// Which attempts with nested stores wait for what, so that none waits for itself, directly or by
/// way of others: that would never end. An attempt is known by names (its derivation, its outputs);
/// whoever needs one of them waits for it. Thread safe.
class NestedWaits {
 public:
  using Id = std::uint64_t;
  /// Attempts that wait for each other in a row, at most: each of them holds a process.
  static constexpr unsigned kDeepest = 8;

  /// An attempt begins. Throws InvalidError when it is nested too deep.
  Id begin(std::set<StorePath> names);
  void end(Id attempt);

  using Needs = std::list<std::set<StorePath>>::iterator;
  /// It begins to wait for all of these. Nothing, and a name that shows why, where it would wait
  /// for itself.
  std::optional<Needs> wait(Id attempt, std::set<StorePath> needs,
                            std::optional<StorePath>& in_a_circle);
  void waited(Id attempt, Needs needs);

  /// Names of the attempt and of all that wait for it, which are not free before it has ended.
  std::set<StorePath> held(Id attempt) const;

 private:
  struct Attempt {
    std::set<StorePath> names;
    std::list<std::set<StorePath>> needs{};
    unsigned depth = 1;
  };
  /// A name of `on` that `waiting` needs.
  static std::optional<StorePath> common(const Attempt& waiting, const Attempt& on);
  std::optional<StorePath> circle(Id attempt) const REQUIRES(mutex_);

  mutable Mutex mutex_;
  Id next_ GUARDED_BY(mutex_) = 1;
  std::map<Id, Attempt> attempts_ GUARDED_BY(mutex_);
};

}  // namespace grange
