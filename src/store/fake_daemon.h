#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "base/error.h"
#include "base/stream.h"
#include "store/store_peer.h"
#include "wire/buffered_sink.h"
#include "wire/worker_frames.h"
#include "wire/worker_handshake.h"
#include "wire/worker_request.h"

namespace grange {

/// Two ends of a connection: ours as a peer, theirs as a descriptor.
inline std::pair<std::unique_ptr<StorePeer>, FileDescriptor> make_peer(const std::string& shown) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw_errno("making a pair of sockets");
  }
  return {StorePeer::over(FileDescriptor(ends[0]), shown), FileDescriptor(ends[1])};
}

/// Writes to a socket whose other end may have gone.
class QuietSink final : public Sink {
 public:
  explicit QuietSink(int fd) : fd_(fd) {}
  void write(std::string_view data) override {
    while (!data.empty()) {
      const auto sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent < 0) throw_errno("sending");
      data.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

 private:
  int fd_;
};

/// The server's end of a worker connection, in a test's own words: each connection has a thread
/// that hands every request to a script.
class FakeDaemon {
 public:
  /// What a script answers with.
  class Session {
   public:
    Session(int fd, const WorkerAnnouncement& announced)
        : source_(fd),
          sink_(fd),
          out_(sink_),
          dialect_(greet_worker_client(source_, out_, StoreDir::nix(), announced,
                                       {"fake", PeerTrust::trusted})),
          reader_(source_, dialect_),
          writer_(out_, dialect_) {
      last();
      out_.flush();
    }

    Source& source() { return source_; }
    WireReader& reader() { return reader_; }
    WireWriter& writer() { return writer_; }
    const WireDialect& dialect() const { return dialect_; }
    void flush() { out_.flush(); }
    void frame(const WorkerFrame& frame) { write_worker_frame(writer_, frame); }
    void last() { frame(LastFrame{}); }
    void fail(const std::string& message) {
      ErrorFrame error;
      error.message = message;
      frame(error);
      flush();
    }
    template <typename Reply>
    void answer(const Reply& reply) {
      last();
      writer_.put(reply);
    }

   private:
    FdSource source_;
    QuietSink sink_;
    BufferedSink out_;
    WireDialect dialect_;
    WireReader reader_;
    WireWriter writer_;
  };
  /// Called for each request; false: hang up.
  using Script = std::function<bool(const WorkerRequest&, Session&)>;

  FakeDaemon(ProtocolVersion version, Script script,
             std::set<std::string, std::less<>> features = {})
      : announced_{version, std::move(features)}, script_(std::move(script)) {}

  std::unique_ptr<StorePeer> connect() {
    auto [ours, theirs] = make_peer("fake");
    ++connections_;
    threads_.emplace_back([this, end = std::make_shared<FileDescriptor>(std::move(theirs))] {
      try {
        serve(end->get());
      } catch (const Error&) {  // the client has gone
        ++ended_;
      }
      end->reset();
    });
    return std::move(ours);
  }

  int connections() const { return connections_; }
  int ended() const { return ended_; }

 private:
  void serve(int fd) {
    Session session(fd, announced_);
    for (;;) {
      session.reader().start_message();
      if (!script_(read_worker_request(session.reader()), session)) return;
      session.flush();
    }
  }

  WorkerAnnouncement announced_;
  Script script_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> ended_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace grange
