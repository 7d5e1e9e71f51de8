#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/conditional.h"
#include "http/etag.h"
#include "http/http_range.h"

/// Conditions and ranges, which no text makes fail: a range lies within its body, tags and dates
/// read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t body : {std::uint64_t{0}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const auto answer = parse_range(text, body);
    if (const auto* range = std::get_if<ByteRange>(&answer)) {
      if (range->length == 0 || range->length > body || range->offset > body - range->length) {
        std::abort();
      }
    }
  }
  if (const auto tag = EntityTag::try_parse(text)) {
    if (tag->text() != text || !list_names_tag(text, tag)) std::abort();
  }
  list_names_tag(text, EntityTag::strong("a"));
  if (const auto date = parse_http_date(text)) {
    if (parse_http_date(format_http_date(*date)) != date) std::abort();
  }
  ServerRequest request;
  try {
    request.headers.add("Range", text);
    request.headers.add("If-None-Match", text);
    request.headers.add("If-Range", text);
  } catch (const InvalidError&) {
    return 0;
  }
  ServerResponse response;
  response.headers.set("ETag", "\"a\"");
  response.body = "0123456789";
  response = apply_conditions(request, std::move(response));
  if (response.status != 200 && response.status != 206 && response.status != 304 &&
      response.status != 416) {
    std::abort();
  }
  return 0;
}
