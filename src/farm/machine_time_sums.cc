#include "farm/machine_time_sums.h"

#include "record/steps.h"
#include "schedule/usage_ledger.h"

namespace grange {
namespace {

/// Of the time that asking takes at most this part.
constexpr int kRestsFor = 50;

}  // namespace

std::map<std::int64_t, double> MachineTimeSums::of_last_day() {
  const MutexLock lock(mutex_);
  const auto began = clock_.monotonic();
  if (began < good_until_) return sums_;
  const auto since = clock_.now() - UsageLedger::kWindow;
  sums_ = database_.read([&](Database& database) { return Steps(database).core_seconds(since); });
  const auto ended = clock_.monotonic();
  good_until_ = ended + kRestsFor * (ended - began);
  return sums_;
}

}  // namespace grange
