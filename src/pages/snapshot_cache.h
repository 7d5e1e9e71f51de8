#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "record/evaluation_snapshot.h"

namespace grange {

/// The targets of the evaluations that were looked at last, so that a list of 17,000 that is
/// filtered with every key is not read with every key. Thread safe.
class SnapshotCache {
 public:
  using Targets = std::shared_ptr<const std::vector<SnapshotTarget>>;

  /// As of now, or of at most some seconds ago where nothing that the evaluation counts (its
  /// builds by how they ended) has changed since then.
  Targets of(Database& database, const EvaluationRow& evaluation, TimePoint now);

 private:
  struct Entry {
    EvaluationRow evaluation;
    TimePoint read;
    Targets targets;
  };
  static constexpr std::size_t kMost = 6;

  std::mutex mutex_;
  std::list<Entry> entries_;  ///< guarded by mutex_; the one used last comes first
};

}  // namespace grange
