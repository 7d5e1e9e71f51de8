#include "http/conditional.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "http/etag.h"
#include "http/http_range.h"

namespace grange {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// A TimePoint in nanoseconds ends in 2262.
constexpr std::chrono::year kLastYear(2200);

bool is_not_modified(const ServerRequest& request, const ServerResponse& response) {
  // RFC 9110, 13.2.2: where If-None-Match stands, If-Modified-Since is not looked at.
  if (request.headers.find("If-None-Match") != nullptr) {
    return list_names_tag(request.headers.list("If-None-Match"),
                          EntityTag::try_parse(response.headers.get("ETag")));
  }
  const auto since = parse_http_date(request.headers.get("If-Modified-Since"));
  const auto modified = parse_http_date(response.headers.get("Last-Modified"));
  return since && modified && *modified <= *since;
}

/// Is what the client has a part of the same thing? Only a strong tag can tell, or the very date.
bool may_be_continued(const ServerRequest& request, const ServerResponse& response) {
  const std::string* condition = request.headers.find("If-Range");
  if (condition == nullptr) return true;
  if (const auto tag = EntityTag::try_parse(*condition)) {
    const auto have = EntityTag::try_parse(response.headers.get("ETag"));
    return have && same_strongly(*tag, *have);
  }
  const auto date = parse_http_date(*condition);
  return date && date == parse_http_date(response.headers.get("Last-Modified"));
}

/// Thrown through what writes a body when the part that was asked for is complete. No Error: nobody
/// on the way is to take it for one.
struct PartIsComplete {};

/// Passes on one part of what is written.
class PartSink final : public Sink {
 public:
  PartSink(Sink& next, const ByteRange& range)
      : next_(next), before_(range.offset), left_(range.length) {}

  void write(std::string_view data) override {
    const auto dropped = static_cast<std::size_t>(std::min<std::uint64_t>(before_, data.size()));
    before_ -= dropped;
    data = data.substr(dropped, std::min<std::uint64_t>(left_, data.size() - dropped));
    if (data.empty()) return;
    next_.write(data);
    left_ -= data.size();
    if (left_ == 0) throw PartIsComplete();
  }

 private:
  Sink& next_;
  std::uint64_t before_;
  std::uint64_t left_;
};

void cut_stream(const ByteRange& range, StreamBody& body) {
  body.write = [range, write = std::move(body.write)](Sink& sink) {
    PartSink part(sink, range);
    try {
      write(part);
    } catch (const PartIsComplete&) {
    }
  };
  body.length = range.length;
}

void cut_to(const ByteRange& range, ResponseBody& body) {
  if (auto* text = std::get_if<std::string>(&body)) {
    *text = text->substr(range.offset, range.length);
  } else if (auto* file = std::get_if<FileBody>(&body)) {
    file->offset += range.offset;
    file->length = range.length;
  } else if (auto* stream = std::get_if<StreamBody>(&body)) {
    cut_stream(range, *stream);
  }
}

}  // namespace

std::string format_http_date(TimePoint time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<TimePoint> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  // Sun, 06 Nov 1994 08:49:37 GMT
  // 0    5  8   12   17 20 23 26
  if (text.size() != 29) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    return static_cast<unsigned>(parse_number(text.substr(at, size)).value_or(9999));
  };
  for (unsigned month = 0; month < kMonths.size(); ++month) {
    if (text.substr(8, 3) != kMonths[month]) continue;
    const year_month_day date(year(static_cast<int>(number(12, 4))), std::chrono::month(month + 1),
                              day(number(5, 2)));
    const unsigned hour = number(17, 2);
    const unsigned minute = number(20, 2);
    const unsigned second = number(23, 2);
    if (!date.ok() || date.year() < year(1970) || date.year() > kLastYear || hour > 23 ||
        minute > 59 || second > 59) {
      return std::nullopt;
    }
    const sys_seconds time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
    return format_http_date(time) == text ? std::optional<TimePoint>(time) : std::nullopt;
  }
  return std::nullopt;
}

ServerResponse apply_conditions(const ServerRequest& request, ServerResponse response) {
  const bool is_get = request.method == RequestMethod::get;
  if (response.status != 200 || !(is_get || request.method == RequestMethod::head)) return response;
  if (is_not_modified(request, response)) {
    response.status = 304;
    response.headers.remove("Content-Type");
    response.body = std::monostate();
    return response;
  }
  const auto* stream = std::get_if<StreamBody>(&response.body);
  const bool has_parts = std::holds_alternative<std::string>(response.body) ||
                         std::holds_alternative<FileBody>(response.body) ||
                         (stream != nullptr && stream->has_ranges && stream->length);
  if (!has_parts) return response;
  response.headers.set("Accept-Ranges", "bytes");
  const std::string* asked = request.headers.find("Range");
  if (!is_get || asked == nullptr || !may_be_continued(request, response)) return response;

  const std::uint64_t size = body_length(response.body).value_or(0);
  const auto range = parse_range(*asked, size);
  if (const auto* part = std::get_if<ByteRange>(&range)) {
    response.status = 206;
    response.headers.set("Content-Range", content_range(*part, size));
    cut_to(*part, response.body);
  } else if (std::holds_alternative<UnsatisfiableRange>(range)) {
    response = text_response(416, "the body has no such range");
    response.headers.set("Content-Range", unsatisfied_content_range(size));
  }
  return response;
}

}  // namespace grange
