#include "evaluate/size_watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

namespace grange {
namespace {

constexpr std::uint64_t kBlock = 4096;
constexpr std::chrono::milliseconds kShortestRest{200};

}  // namespace

std::uint64_t directory_size(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  std::uint64_t size = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied,
                                         error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    std::error_code gone;
    const auto status = entry->symlink_status(gone);
    std::uint64_t bytes = 0;
    if (!gone && fs::is_regular_file(status)) {
      bytes = entry->file_size(gone);
      if (gone) bytes = 0;
    }
    size += std::max(bytes, kBlock);
    entry.increment(error);
  }
  return size;
}

SizeWatch::SizeWatch(std::filesystem::path directory, std::uint64_t limit,
                     const std::stop_token& stop)
    : directory_(std::move(directory)),
      limit_(limit),
      pass_on_(stop, PassOn{&source_}),
      thread_([this](const std::stop_token& end) { watch(end); }) {}

SizeWatch::~SizeWatch() = default;

bool SizeWatch::look() {
  if (directory_size(directory_) > limit_) {
    exceeded_ = true;
    source_.request_stop();
  }
  return exceeded_;
}

void SizeWatch::watch(const std::stop_token& end) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::chrono::steady_clock::duration rest = kShortestRest;
  std::unique_lock lock(mutex);
  while (!end.stop_requested()) {
    ended.wait_for(lock, end, rest, [] { return false; });
    if (end.stop_requested()) return;
    const auto began = std::chrono::steady_clock::now();
    if (look()) return;
    // A large tree is looked at the less often.
    const std::chrono::steady_clock::duration took = std::chrono::steady_clock::now() - began;
    rest = std::max<std::chrono::steady_clock::duration>(kShortestRest, 5 * took);
  }
}

}  // namespace grange
