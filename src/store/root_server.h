#pragma once

#include <chrono>
#include <list>
#include <string>
#include <thread>

#include "base/file.h"
#include "store/deletion_gate.h"
#include "store/local_store.h"

namespace grange {

/// Hears, while a collector runs, of the roots that processes add (Nix's gc-socket): a line per
/// path, answered with "1" once nothing will delete it or what was being deleted is gone. The
/// caller holds gc.lock alone.
///
/// A process writes a root to its file of temporary roots when it has the answer. Between the two
/// only we know of the root, so we end only when it is written there, or after some patience: the
/// next collector, which may begin at once, reads it.
class RootServer {
 public:
  /// How long a client may take to write down what it has told, when we end.
  static constexpr std::chrono::milliseconds kPatience{2000};

  /// Answers at once. Throws SystemError when the socket cannot be made.
  RootServer(const StoreLocation& location, DeletionGate& gate);
  ~RootServer();
  RootServer(const RootServer&) = delete;
  RootServer& operator=(const RootServer&) = delete;

 private:
  struct Client {
    explicit Client(FileDescriptor connection);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    FileDescriptor socket;
    const long process;  ///< its pid as we see it
    std::string input;
    std::string last_told;    ///< the last path that was answered
    std::string waiting_for;  ///< a digest that is being deleted
  };

  void serve() noexcept;
  FileDescriptor accept_one();
  void accept_clients();
  void stop_listening() noexcept;
  bool has_handed_over(const Client& client) const;
  /// False when the client is to be dropped.
  bool read_from(Client& client);
  bool answer_lines(Client& client);

  const StoreLocation location_;
  DeletionGate& gate_;
  FileDescriptor listener_;
  FileDescriptor stop_read_;
  FileDescriptor stop_write_;
  std::list<Client> clients_;  ///< the thread's
  std::thread thread_;
};

}  // namespace grange
