#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "base/file.h"

namespace grange {

/// Requests a stop when the other end of a descriptor is gone, or when `also` is stopped: for while
/// nobody reads from it. Reads nothing. Its thread is joined by the destructor.
class PeerWatch {
 public:
  PeerWatch(int descriptor, const std::stop_token& also);
  ~PeerWatch();
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void run();

  const int descriptor_;
  FileDescriptor wake_;  ///< an eventfd
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> also_;
  std::jthread thread_;
};

}  // namespace grange
