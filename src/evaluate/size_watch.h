#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <thread>

namespace grange {

/// What the files below a directory hold, in bytes, each entry counted as a block at least;
/// symlinks are not followed. What vanishes meanwhile does not count.
std::uint64_t directory_size(const std::filesystem::path& directory);

/// Looks now and then how large a directory has grown, and asks for a stop when that is too much.
/// The destructor joins its thread.
class SizeWatch {
 public:
  /// `stop`: the caller's own wish, which is passed on.
  SizeWatch(std::filesystem::path directory, std::uint64_t limit, const std::stop_token& stop);
  ~SizeWatch();
  SizeWatch(const SizeWatch&) = delete;
  SizeWatch& operator=(const SizeWatch&) = delete;

  /// For what makes it grow.
  std::stop_token token() const { return source_.get_token(); }
  bool exceeded() const { return exceeded_; }
  /// A last look, when what made it grow has ended.
  bool look();

 private:
  struct PassOn {
    std::stop_source* source;
    void operator()() const noexcept { source->request_stop(); }
  };
  void watch(const std::stop_token& end);

  std::filesystem::path directory_;
  std::uint64_t limit_;
  std::stop_source source_;
  std::atomic<bool> exceeded_ = false;
  std::stop_callback<PassOn> pass_on_;
  std::jthread thread_;
};

}  // namespace grange
