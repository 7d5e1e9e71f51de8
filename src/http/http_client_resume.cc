#include "http/http_client_resume.h"

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

std::optional<std::string> text_of(const HttpHeaders& headers, std::string_view name) {
  const auto value = headers.get(name);
  if (!value || value->empty()) return std::nullopt;
  return std::string(*value);
}

[[noreturn]] void fail_to_continue(const std::string& why) {
  throw UnavailableError("the download broke off and cannot be continued: " + why);
}

}  // namespace

std::optional<std::uint64_t> content_length(const HttpHeaders& headers) {
  const auto text = headers.get("Content-Length");
  return text ? parse_number(*text) : std::nullopt;
}

std::optional<HttpContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const auto dash = text.find('-');
  const auto slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos ||
      slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = parse_number(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = parse_number(text.substr(dash + 1, slash - dash - 1));
  const auto total = parse_number(text.substr(slash + 1));
  if (!first || !last || *last < *first || (total && *total <= *last)) return std::nullopt;
  return HttpContentRange{*first, *last, total};
}

void HttpResume::ask(HttpHeaders& headers, std::uint64_t delivered) {
  const bool strong = etag_ && !etag_->starts_with("W/");
  asked_ = delivered > 0 && (strong || modified_) && !headers.has("Range");
  if (!asked_) return;
  headers.set("Range", "bytes=" + std::to_string(delivered) + "-");
  headers.set("If-Range", strong ? *etag_ : *modified_);
}

std::uint64_t HttpResume::accept(int status, const HttpHeaders& headers, std::uint64_t delivered) {
  if (delivered == 0) {
    etag_ = text_of(headers, "ETag");
    modified_ = text_of(headers, "Last-Modified");
    length_ = content_length(headers);
    return 0;
  }
  if (status == 206 && asked_) {
    const auto text = headers.get("Content-Range");
    const auto range = text ? parse_content_range(*text) : std::nullopt;
    if (!range) fail_to_continue("the Content-Range of the rest is malformed");
    if (range->first > delivered) fail_to_continue("the rest begins too late");
    require_same(headers, range->total);
    return delivered - range->first;
  }
  const auto length = content_length(headers);
  if (!etag_ && !modified_ && (!length_ || length != length_)) {
    fail_to_continue("nothing tells whether it is still the same");
  }
  require_same(headers, length);
  return delivered;
}

void HttpResume::require_same(const HttpHeaders& headers,
                              std::optional<std::uint64_t> length) const {
  const auto etag = text_of(headers, "ETag");
  const auto modified = text_of(headers, "Last-Modified");
  const bool other = etag_ || etag ? etag != etag_ : modified != modified_;
  if (other || (length && length_ && *length != *length_)) {
    fail_to_continue("it has changed meanwhile");
  }
}

}  // namespace grange
