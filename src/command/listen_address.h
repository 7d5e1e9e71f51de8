#pragma once

#include <cstdint>
#include <string>

namespace grange {

/// Where a server of ours listens.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  ///< 0: one that is free

  /// "HOST:PORT", "[::1]:PORT". Throws InvalidError.
  static ListenAddress parse(const std::string& text);
  /// "http://HOST:PORT", with the port that was found.
  std::string url(std::uint16_t bound) const;
};

}  // namespace grange
