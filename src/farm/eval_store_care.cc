#include "farm/eval_store_care.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "record/record.h"

namespace grange {
namespace {

std::filesystem::path lock_file(const StoreLocation& location) {
  return location.own_state() / "eval-store.lock";
}

}  // namespace

FileDescriptor use_eval_store(const StoreLocation& location) {
  FileDescriptor lock;
  try {
    grange::create_directories(location.own_state());
    lock = open_file(lock_file(location), O_RDWR | O_CREAT, 0600);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::denied) throw;
    return {};
  }
  while (::flock(lock.get(), LOCK_SH) != 0) {
    if (errno != EINTR) throw_errno("locking", lock_file(location).string());
  }
  return lock;
}

FileDescriptor lock_eval_store_alone(const StoreLocation& location) {
  grange::create_directories(location.own_state());
  FileDescriptor lock = open_file(lock_file(location), O_RDWR | O_CREAT, 0600);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) throw_errno("locking", lock_file(location).string());
  throw UnavailableError("a run uses the eval store at '" + location.real_store.string() +
                         "'; collect it when there is none");
}

std::set<StorePath> evaluations_to_keep(const std::filesystem::path& record_file,
                                        std::optional<TimePoint> since) {
  std::set<StorePath> kept;
  if (::access(record_file.c_str(), F_OK) != 0) return kept;
  const auto record = Record::open(record_file);
  for (const auto& selection : record->selections()) {
    const auto evaluation = record->last_complete(selection);
    if (!evaluation || (since && evaluation->finished < *since)) continue;
    for (const auto& [label, target] : evaluation->map.targets) kept.insert(target.derivation);
  }
  return kept;
}

}  // namespace grange
