#include "http/server_events.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// Nobody waits longer because a server says so.
constexpr std::uint64_t kLongestRetry = 60'000;
/// It becomes a header field.
constexpr std::size_t kLongestEventId = 256;

bool is_event_id(std::string_view id) {
  return id.size() <= kLongestEventId &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::vector<ServerEvent> ServerEventReader::take(std::string_view bytes) {
  std::vector<ServerEvent> events;
  while (!bytes.empty()) {
    // A line ends with CR, LF, or both.
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    const auto piece = bytes.substr(0, end);
    if (piece.size() + line_.size() + data_.size() > most_) {
      throw CorruptError("an event of the stream has more than " + std::to_string(most_) +
                         " bytes");
    }
    line_ += piece;
    if (end == std::string_view::npos) break;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(line_, events);
    line_.clear();
  }
  return events;
}

void ServerEventReader::reset_event() {
  line_.clear();
  after_return_ = false;
  kind_.clear();
  data_.clear();
  has_data_ = false;
}

void ServerEventReader::take_line(std::string_view line, std::vector<ServerEvent>& events) {
  if (line.empty()) {
    if (has_data_) {
      events.push_back({last_id_, kind_.empty() ? "message" : kind_, data_});
    }
    kind_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    kind_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "id") {
    if (is_event_id(value)) last_id_ = value;
  } else if (field == "retry") {
    if (const auto number = parse_number(value)) {
      retry_ = std::chrono::milliseconds(std::min(*number, kLongestRetry));
    }
  }  // comments have no field; others are of later versions
}

}  // namespace grange
