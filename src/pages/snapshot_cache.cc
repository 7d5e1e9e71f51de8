#include "pages/snapshot_cache.h"

#include <chrono>

namespace grange {
namespace {

/// Two builds that changed places would not change the counts.
constexpr auto kOldest = std::chrono::seconds(15);

bool counts_the_same(const EvaluationRow& left, const EvaluationRow& right) {
  return left.state == right.state && left.targets == right.targets &&
         left.queued == right.queued && left.good == right.good && left.failed == right.failed;
}

}  // namespace

SnapshotCache::Targets SnapshotCache::of(Database& database, const EvaluationRow& evaluation,
                                         TimePoint now) {
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->evaluation.id != evaluation.id) continue;
      if (!counts_the_same(entry->evaluation, evaluation) || now - entry->read > kOldest ||
          now < entry->read) {
        entries_.erase(entry);
        break;
      }
      entries_.splice(entries_.begin(), entries_, entry);
      return entry->targets;
    }
  }
  auto targets =
      std::make_shared<const std::vector<SnapshotTarget>>(read_snapshot(database, evaluation));
  const std::lock_guard lock(mutex_);
  entries_.push_front({evaluation, now, targets});
  if (entries_.size() > kMost) entries_.pop_back();
  return targets;
}

}  // namespace grange
