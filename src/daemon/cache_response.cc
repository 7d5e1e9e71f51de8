#include "daemon/cache_response.h"

#include <utility>

#include "base/hash.h"
#include "http/conditional.h"
#include "http/etag.h"

namespace grange {
namespace {

constexpr std::string_view kFewMinutes = "public, max-age=300";
constexpr std::size_t kTagBytes = 16;

}  // namespace

ServerResponse cache_response(CacheName::Kind kind, ResponseBody body, std::string_view tag) {
  ServerResponse response;
  response.headers.add("Content-Type", media_type(kind));
  response.headers.add("Cache-Control", kind == CacheName::Kind::nar ? kImmutable : kFewMinutes);
  if (!tag.empty()) response.headers.add("ETag", EntityTag::strong(tag).text());
  response.body = std::move(body);
  return response;
}

std::string tag_of_text(std::string_view text) {
  const Sha256 digest = sha256(text);
  return base16_encode(ByteView(digest).first(kTagBytes));
}

}  // namespace grange
