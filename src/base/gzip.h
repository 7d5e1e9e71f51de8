#pragma once

#include <string>
#include <string_view>

namespace grange {

/// One member of a gzip file (RFC 1952), for those who take no better compression. `level`: 1 to 9.
std::string gzip(std::string_view data, int level = 6);

}  // namespace grange
