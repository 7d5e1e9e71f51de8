#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/http_server_message.h"

namespace grange {

/// "Sun, 06 Nov 1994 08:49:37 GMT", in whole seconds.
std::string format_http_date(TimePoint time);
/// That form only; nothing for any other. The two obsolete forms of RFC 9110 count as other: who
/// sends them gets the whole body, which is never wrong.
std::optional<TimePoint> parse_http_date(std::string_view text);

/// Cache-Control for what never changes under its name, a NAR for example.
inline constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";

/// Holds a response to the conditions and the range of its request, by its own ETag and
/// Last-Modified: 304 for If-None-Match and If-Modified-Since, 206 or 416 for Range, unless
/// If-Range says that the client's part is of something else. Concerns GET and HEAD with status
/// 200; the range, GET with a text, a file or a stream that has ranges; any other response is
/// returned as it came.
ServerResponse apply_conditions(const ServerRequest& request, ServerResponse response);

}  // namespace grange
