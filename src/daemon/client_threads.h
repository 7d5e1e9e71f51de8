#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <stop_token>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/thread_annotations.h"

namespace grange {

/// Serves the clients of a listening socket, each in a thread of its own.
class ClientThreads {
 public:
  /// Serves one client, until he leaves or his connection is shut down.
  using Serve = std::function<void(int socket)>;
  using Note = std::function<void(const std::string&)>;

  /// At most `most` at once: others are turned away. `note` hears of that, and of what `serve`
  /// throws, from any thread.
  ClientThreads(int listening, std::size_t most, Serve serve, Note note);
  /// Until `stop`; then connections end, and their threads are waited for.
  void run(const std::stop_token& stop);

 private:
  struct Connection {
    FileDescriptor socket;
    bool ended = false;  ///< guarded by the lock
    std::jthread thread{};
  };

  void accept_one();
  void serve(Connection& connection) noexcept;
  void reap() EXCLUDES(mutex_);

  const int listening_;
  const std::size_t most_;
  const Serve serve_;
  const Note note_;
  Mutex mutex_;
  std::list<Connection> connections_ GUARDED_BY(mutex_);
};

}  // namespace grange
