#include "store/daemon_connection.h"

#include <variant>

#include "store/daemon_error.h"

namespace grange {
namespace {

/// Questions may wait for the server's database, and what is added for its disk.
constexpr Seconds kDaemonPatience{600};
/// Logging in by ssh may ask for a password.
constexpr Seconds kGreetingPatience{120};

WorkerConnectionInfo greet_daemon(StorePeer& peer, BufferedSink& out, const StoreDir& store,
                                  const std::stop_token& stop, const WorkerAnnouncement& ours) {
  const std::stop_callback give_up(stop, [&] { peer.interrupt(); });
  peer.set_patience(kGreetingPatience);
  return with_context([&] { return "while greeting " + peer.shown(); },
                      [&] { return greet_worker_server(peer, out, store, ours); });
}

}  // namespace

/// Looks, between pieces, whether the server has something to say.
class DaemonConnection::Watched final : public Sink {
 public:
  explicit Watched(DaemonConnection& connection) : connection_(connection) {}
  void write(std::string_view data) override {
    while (connection_.peer_->has_input()) {
      if (connection_.take_frame()) {
        throw CorruptError("the server says that it is done before it has everything");
      }
    }
    connection_.buffer_.write(data);
  }

 private:
  DaemonConnection& connection_;
};

DaemonConnection::DaemonConnection(std::unique_ptr<StorePeer> peer, const StoreDir& store,
                                   const std::stop_token& stop, const WorkerAnnouncement& ours)
    : peer_(std::move(peer)),
      buffer_(*peer_),
      info_(greet_daemon(*peer_, buffer_, store, stop, ours)),
      reader_(*peer_, info_.dialect),
      writer_(buffer_, info_.dialect) {
  const std::stop_callback give_up(stop, [this] { peer_->interrupt(); });
  with_context([&] { return "while greeting " + peer_->shown(); }, [&] { pass_frames(); });
  peer_->set_patience(kDaemonPatience);
}

bool DaemonConnection::is_whole() {
  return open_ == 0 && !peer_->is_interrupted() && !peer_->has_input();
}

void DaemonConnection::flush() {
  try {
    buffer_.flush();
  } catch (const UnavailableError&) {
    throw_what_was_said();
    throw;
  }
}

void DaemonConnection::throw_what_was_said() {
  while (peer_->has_input()) {
    bool last = false;
    try {
      last = take_frame();
    } catch (const UnavailableError&) {
      return;  // or nothing at all
    } catch (const CorruptError&) {
      return;
    }
    if (last) return;
  }
}

bool DaemonConnection::take_frame() {
  reader_.start_message();
  const auto frame = read_worker_frame(reader_);
  if (std::holds_alternative<LastFrame>(frame)) return true;
  if (const auto* error = std::get_if<ErrorFrame>(&frame)) throw_daemon_error(*error);
  if (listener_) listener_(frame);
  return false;
}

void DaemonConnection::pass_frames() {
  while (!take_frame()) {
  }
  reader_.start_message();
}

std::uint64_t DaemonConnection::await_read_request() {
  flush();
  for (;;) {
    reader_.start_message();
    const auto frame = read_worker_frame(reader_);
    if (std::holds_alternative<LastFrame>(frame)) return 0;
    if (const auto* error = std::get_if<ErrorFrame>(&frame)) throw_daemon_error(*error);
    if (const auto* read = std::get_if<ReadFrame>(&frame)) return read->size;
    if (listener_) listener_(frame);
  }
}

void DaemonConnection::send_framed(const std::function<void(Sink&)>& content) {
  Watched watched(*this);
  FramedSink framed(watched);
  try {
    content(framed);
    framed.finish();
  } catch (const UnavailableError&) {
    throw_what_was_said();
    throw;
  }
}

void DaemonConnection::read_nar(const StorePath& path, const std::function<void(Source&)>& use) {
  send(NarFromPath{path});
  with_operation(NarFromPath::kOperation, [&] {
    flush();
    pass_frames();
  });
  use(*peer_);
  --open_;
}

}  // namespace grange
