#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/error.h"
#include "store/store_peer.h"
#include "wire/buffered_sink.h"
#include "wire/framed_data.h"
#include "wire/worker_frames.h"
#include "wire/worker_handshake.h"
#include "wire/worker_request.h"

namespace grange {

/// Hears what a server tells while an operation runs: lines of its log, activities, results.
using FrameListener = std::function<void(const WorkerFrame&)>;

/// A client's end of one worker connection: a request, frames, a reply. What the server says went
/// wrong is thrown (daemon_error.h). After anything that was thrown, and between a request and its
/// reply, the connection is not `whole`, and good for nothing but being dropped: a server that
/// found the fault before it began says so twice and hangs up. For one thread, but for `interrupt`.
class DaemonConnection {
 public:
  /// Greets the server, announcing ourselves. Throws UnavailableError, CorruptError, DeniedError,
  /// CancelledError.
  DaemonConnection(std::unique_ptr<StorePeer> peer, const StoreDir& store,
                   const std::stop_token& stop, const WorkerAnnouncement& ours = {});

  const WorkerConnectionInfo& info() const { return info_; }
  bool has(WorkerOperation operation) const { return has_operation(info_.dialect, operation); }
  /// Does nothing wait to be read, or written? Then others can use it.
  bool is_whole();

  void listen(FrameListener listener) { listener_ = std::move(listener); }
  /// Of each wait for the server; nothing: without end. At first ten minutes.
  void set_patience(std::optional<Seconds> patience) { peer_->set_patience(patience); }
  void interrupt() noexcept { peer_->interrupt(); }

  template <typename Request>
  typename Request::Reply ask(const Request& request) {
    send(request);
    return take_reply<Request>();
  }

  /// Several requests may be sent before their replies are taken, in the same order.
  template <typename Request>
  void send(const Request& request) {
    ++open_;
    with_operation(Request::kOperation,
                   [&] { write_worker_request(writer_, WorkerRequest(request)); });
  }
  template <typename Request>
  typename Request::Reply take_reply() {
    return with_operation(Request::kOperation, [&] {
      flush();
      pass_frames();
      auto reply = reader_.get<typename Request::Reply>();
      --open_;
      return reply;
    });
  }

  /// A request with content that follows as framed data. What the server says meanwhile ends the
  /// sending when it is an error.
  template <typename Request>
  typename Request::Reply ask_with(const Request& request,
                                   const std::function<void(Sink&)>& content) {
    send(request);
    with_operation(Request::kOperation, [&] { send_framed(content); });
    return take_reply<Request>();
  }

  /// An archive that is read behind a reply of its own; `use` must read all of it.
  void read_nar(const StorePath& path, const std::function<void(Source&)>& use);

  /// For the parts of a request that follow it as they are.
  BufferedSink& sink() { return buffer_; }
  /// Passes frames up to the one that asks for data; how much it asks for. 0: LAST came instead.
  std::uint64_t await_read_request();

 private:
  template <typename Action>
  auto with_operation(WorkerOperation operation, Action&& action) -> decltype(action()) {
    return with_context(
        [&] {
          return "while asking " + peer_->shown() + " for " + std::string(to_string(operation));
        },
        std::forward<Action>(action));
  }

  void flush();
  /// Reads frames until the operation is done, and throws its error.
  void pass_frames();
  /// One frame; true when it was LAST. Throws what an error says.
  bool take_frame();
  void send_framed(const std::function<void(Sink&)>& content);
  /// When the server has hung up: it may have said why.
  void throw_what_was_said();

  class Watched;

  std::unique_ptr<StorePeer> peer_;
  BufferedSink buffer_;
  WorkerConnectionInfo info_;
  WireReader reader_;
  WireWriter writer_;
  FrameListener listener_;
  std::uint64_t open_ = 0;  ///< requests without a reply
};

}  // namespace grange
