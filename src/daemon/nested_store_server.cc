#include "daemon/nested_store_server.h"

#include <stop_token>
#include <thread>
#include <utility>

#include <sys/socket.h>

#include "base/error.h"
#include "daemon/client_threads.h"
#include "daemon/nested_view.h"

namespace grange {
namespace {

/// Of one builder, at once.
constexpr std::size_t kMostNestedClients = 32;

class ServedStore final : public NestedStore {
 public:
  ServedStore(const DaemonContext& context, NestedWaits& waits, FileDescriptor listening,
              NestedAttempt attempt)
      : context_{context.store, context.builds, context.substituters, context.settings,
                 stop_.get_token()},
        view_(std::move(attempt), waits, context.builds),
        listening_(std::move(listening)),
        clients_(
            listening_.get(), kMostNestedClients, [this](int socket) { serve(socket); },
            [](const std::string&) {}),
        thread_([this] { run(); }) {}

  ~ServedStore() override { stop(); }

  std::set<StorePath> end() override {
    stop();
    return view_.added();
  }

 private:
  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void run() noexcept {
    try {
      clients_.run(stop_.get_token());
    } catch (const Error&) {
      // Of its clients nobody is served any more, and whoever connects waits for the builder's end.
    }
  }

  void serve(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
      throw_errno("asking who a client is");
    }
    if (peer.uid != view_.builder() && peer.uid != 0) return;
    WorkerSession(context_, {"a builder", false}, socket, socket, &view_).run();
  }

  std::stop_source stop_;
  const DaemonContext context_;
  NestedView view_;
  FileDescriptor listening_;
  ClientThreads clients_;
  std::jthread thread_;  ///< last
};

}  // namespace

std::unique_ptr<NestedStore> NestedStoreServer::serve(FileDescriptor listening,
                                                      NestedAttempt attempt) {
  return std::make_unique<ServedStore>(context_, waits_, std::move(listening), std::move(attempt));
}

}  // namespace grange
