#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "serve/api_json.h"

namespace grange {

// How values are shown. What an API's value is unknown for (null) gives null, which no template
// shows.

/// "17,342"
std::string count_text(std::int64_t count);
/// Is it a text that is not empty?
bool says_something(const ApiJson& text);
/// "1 target", "1,234 targets".
std::string counted_text(std::int64_t count, std::string_view noun);
/// "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "4 d 3 h"
std::string duration_text(double seconds);
/// "17 B", "3.4 MiB"
std::string size_text(std::int64_t bytes);
/// "3 min ago", "in 2 h"; "now" within a second.
std::string relative_text(TimePoint time, TimePoint now);

/// {"iso", "exact", "relative"} of an API's time.
ApiJson time_view(const ApiJson& time, TimePoint now);
/// {"word", "kind", "icon"} of an API's outcome; of null, `otherwise` ("queued", "running").
ApiJson status_view(const ApiJson& outcome, std::string_view otherwise = "queued");
/// The same of a verdict.
ApiJson verdict_view(const ApiJson& verdict);
/// From one API time to another, or to `now`; null where the first is.
ApiJson span_view(const ApiJson& from, const ApiJson& to, TimePoint now);

/// A path's segment, or a parameter's value.
std::string url_part(std::string_view text);

}  // namespace grange
