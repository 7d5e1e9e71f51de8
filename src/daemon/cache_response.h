#pragma once

#include <string>
#include <string_view>

#include "daemon/cache_name.h"
#include "http/http_server_message.h"

namespace grange {

/// 200 with the fields that belong to this kind of object: its type, how long it may be kept by
/// others, and its strong tag (empty: none). What a NAR's name names never changes; anything else
/// may be collected, signed or made again.
ServerResponse cache_response(CacheName::Kind kind, ResponseBody body, std::string_view tag);

/// A tag for a text that has no other.
std::string tag_of_text(std::string_view text);

}  // namespace grange
