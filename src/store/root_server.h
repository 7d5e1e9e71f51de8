#pragma once

#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "store/deletion_gate.h"
#include "store/local_store.h"

namespace grange {

/// Hears, while a collector runs, of the roots that processes add (Nix's gc-socket): a line per
/// path, answered with "1" once nothing will delete it or what was being deleted is gone. The
/// caller holds gc.lock alone.
class RootServer {
 public:
  /// Answers at once. Throws SystemError when the socket cannot be made.
  RootServer(const StoreLocation& location, DeletionGate& gate);
  ~RootServer();
  RootServer(const RootServer&) = delete;
  RootServer& operator=(const RootServer&) = delete;

 private:
  struct Client {
    FileDescriptor socket;
    std::string input;
    std::string waiting_for;  ///< a digest that is being deleted
  };

  void serve() noexcept;
  void accept_clients();
  /// False when the client is to be dropped.
  bool read_from(Client& client);
  bool answer_lines(Client& client);

  const StoreDir store_dir_;
  DeletionGate& gate_;
  FileDescriptor listener_;
  FileDescriptor stop_read_;
  FileDescriptor stop_write_;
  std::vector<Client> clients_;  ///< the thread's
  std::thread thread_;
};

}  // namespace grange
