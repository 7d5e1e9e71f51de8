#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/http_request.h"

namespace grange {

/// Continues a download that broke off, so that what received its begin gets the rest and never a
/// byte twice or of something else.
class HttpResume {
 public:
  /// The headers that ask for what comes after `delivered` bytes, where the server can tell whether
  /// it is still the same thing (If-Range with a strong ETag, else Last-Modified).
  void ask(HttpHeaders& headers, std::uint64_t delivered);

  /// How many bytes of the body of this success (2xx) are to be passed over. Throws
  /// UnavailableError when it is not a body that continues the first `delivered` bytes.
  std::uint64_t accept(int status, const HttpHeaders& headers, std::uint64_t delivered);

 private:
  void require_same(const HttpHeaders& headers, std::optional<std::uint64_t> length) const;

  bool asked_ = false;
  std::optional<std::string> etag_;
  std::optional<std::string> modified_;
  std::optional<std::uint64_t> length_;  ///< of the whole body
};

/// The Content-Length; nothing when there is none or it is no number.
std::optional<std::uint64_t> content_length(const HttpHeaders& headers);

/// "bytes FIRST-LAST/TOTAL" of a Content-Range.
struct HttpContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::optional<std::uint64_t> total;
};
std::optional<HttpContentRange> parse_content_range(std::string_view text);

}  // namespace grange
