#include "store/low_disk.h"

#include <utility>

#include <sys/statvfs.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

std::uint64_t available_at(const std::filesystem::path& directory) {
  struct statvfs system {};
  if (::statvfs(directory.c_str(), &system) != 0) {
    throw_errno("looking at the file system of", directory.string());
  }
  return std::uint64_t{system.f_bavail} * system.f_frsize;
}

}  // namespace

LowDiskCollector::LowDiskCollector(LocalStore& store, LowDiskOptions options, Tell tell,
                                   Seams seams)
    : options_(std::move(options)), tell_(std::move(tell)), seams_(std::move(seams)) {
  if (!seams_.available) {
    seams_.available = [&store] { return available_at(store.location().real_store); };
  }
  if (!seams_.collect) {
    seams_.collect = [&store](const CollectionOptions& collection, const std::stop_token& stop) {
      return collect_garbage(store, collection, stop);
    };
  }
  if (options_.min_free > 0) {
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  }
}

LowDiskCollector::~LowDiskCollector() = default;

void LowDiskCollector::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      look(stop);
    } catch (const std::exception& error) {
      tell_(std::string("no space could be made: ") + error.what());
      free_after_last_ = 0;  // it is not tried again in this run
    }
    const MutexLock lock(mutex_);
    stopped_.wait_for(mutex_, stop, options_.interval, [] { return false; });
  }
}

void LowDiskCollector::look(const std::stop_token& stop) {
  const std::uint64_t available = seams_.available();
  if (available >= options_.min_free || available >= options_.max_free) return;
  if (available > free_after_last_ - free_after_last_ / 32) return;
  CollectionOptions collection = options_.collection;
  collection.max_freed = options_.max_free - available;
  collection.wait = false;
  const auto result = seams_.collect(collection, stop);
  if (result.skipped) return;
  free_after_last_ = seams_.available();
  tell_("the disk runs low: " + plural(result.paths, "path") + " deleted, " +
        format_bytes(result.bytes_freed) + " freed");
}

}  // namespace grange
