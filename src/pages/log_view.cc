#include "pages/log_view.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pages/log_lines.h"
#include "pages/page_values.h"
#include "pages/shown_text.h"

namespace grange {
namespace {

/// The lines before the one that is linked to, so that it is read with what led to it.
constexpr std::size_t kContext = 50;

/// What is found within a piece of a line becomes pieces of its own.
void add_spans(ApiJson& list, const LogSpan& span, const std::string& search) {
  const auto add = [&](std::string_view text, bool is_hit) {
    if (text.empty()) return;
    list.push_back({{"style", span.style}, {"text", text}, {"hit", is_hit}});
  };
  const std::string_view text = span.text;
  std::size_t at = 0;
  while (!search.empty()) {
    const auto found = find_whatever_case(text, search, at);
    if (found == text.npos) break;
    add(text.substr(at, found - at), false);
    add(text.substr(found, search.size()), true);
    at = found + search.size();
  }
  add(text.substr(at), false);
}

template <typename Lines>
ApiJson lines_view(const LogReader& log, const Lines& lines, const std::string& search,
                   const std::function<std::string(std::size_t)>& url) {
  ApiJson list = ApiJson::array();
  for (const auto& line : lines) {
    ApiJson spans = ApiJson::array();
    for (const auto& span : log_spans(line.text)) add_spans(spans, span, search);
    list.push_back({{"number", line.number},
                    {"spans", std::move(spans)},
                    {"failing", log.failing() == line.number},
                    {"url", url(line.number)}});
  }
  return list;
}

}  // namespace

LogReader read_step_log(const PageCall& call, std::int64_t step, const LogPart& part) {
  LogReader reader(part);
  call.site.context().farm.logs().read_through(step, reader);
  reader.finish();
  return reader;
}

ApiJson log_view(const LogReader& log, const std::string& url, const std::string& search) {
  const auto& lines = log.lines();
  const auto link = [&](std::size_t number) { return url + "#L" + std::to_string(number); };
  const auto count = [](std::size_t number) {
    return count_text(static_cast<std::int64_t>(number));
  };
  return {{"lines", lines_view(log, lines, search, link)},
          {"any", log.count() > 0},
          {"all", counted_text(static_cast<std::int64_t>(log.count()), "line")},
          {"failing", log.failing() ? ApiJson(*log.failing()) : ApiJson()},
          {"cut", lines.size() < log.count()},
          {"first", lines.empty() ? ApiJson() : ApiJson(count(lines.front().number))},
          {"last", lines.empty() ? ApiJson() : ApiJson(count(lines.back().number))},
          {"size", log.size()}};
}

ApiJson log_hits_view(const LogReader& log, const std::string& url, const std::string& search) {
  const auto link = [&](std::size_t number) {
    const auto from = number > kContext ? number - kContext : 1;
    return url + "?search=" + url_part(search) + "&from=" + std::to_string(from) + "#L" +
           std::to_string(number);
  };
  auto view = log_view(log, url, search);
  view["lines"] = lines_view(log, log.hits(), search, link);
  view["cut"] = log.hits().size() < log.hit_count();
  return view;
}

}  // namespace grange
