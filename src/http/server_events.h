#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// One event of a text/event-stream (WHATWG HTML, "Server-sent events").
struct ServerEvent {
  std::string id;    ///< the last one that the stream gave, also before this event
  std::string kind;  ///< "message" where the stream names none
  std::string data;  ///< lines joined by newlines
  friend bool operator==(const ServerEvent&, const ServerEvent&) = default;
};

/// Takes a stream of events apart as its bytes come, however they are cut.
class ServerEventReader {
 public:
  /// Of one event with all its lines; CorruptError beyond.
  explicit ServerEventReader(std::size_t most = std::size_t{8} << 20) : most_(most) {}

  /// The events that these bytes complete.
  std::vector<ServerEvent> take(std::string_view bytes);

  /// Forgets what has begun and not ended: the connection broke, and another one begins anew.
  void reset_event();

  /// What to go on behind after another connection; empty: nothing yet.
  const std::string& last_id() const noexcept { return last_id_; }
  /// How long the server asks to wait before that.
  std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

 private:
  void take_line(std::string_view line, std::vector<ServerEvent>& events);

  const std::size_t most_;
  std::string line_;  ///< begun, not ended
  bool after_return_ = false;
  std::string kind_;
  std::string data_;
  bool has_data_ = false;
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace grange
