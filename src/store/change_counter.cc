#include "store/change_counter.h"

namespace grange {

std::uint64_t ChangeCounter::now() {
  const MutexLock lock(mutex_);
  if (!connection_) connection_.emplace(open_());
  SqliteStatement& version = connection_->version;
  version.step();
  const auto number = static_cast<std::uint64_t>(version.integer(0));
  version.reset();
  return number;
}

}  // namespace grange
