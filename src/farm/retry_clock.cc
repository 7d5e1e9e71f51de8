#include "farm/retry_clock.h"

namespace grange {

Seconds RetryClock::pause(std::int64_t tries) const {
  Seconds pause = first;
  for (std::int64_t i = 0; i < tries && i < most_tries; ++i) pause *= 3;
  return pause;
}

bool RetryClock::is_due(TimePoint at, TimePoint now) const {
  return at <= now || Seconds(at - now) > pause(most_tries);
}

}  // namespace grange
