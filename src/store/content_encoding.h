#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace grange {

/// Undoes the Content-Encoding under which an object is kept (RFC 9110 §8.4): what Nix's
/// narinfo-compression, ls-compression and log-compression make, as br, gzip, zstd, xz or bzip2,
/// and none. Throws CorruptError for another one, for what is broken, and beyond `limit` bytes.
std::string decode_content(std::string body, const std::optional<std::string_view>& encoding,
                           std::uint64_t limit);

}  // namespace grange
