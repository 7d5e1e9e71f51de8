#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace grange {

/// What a server knows of itself.
struct ServerFacts {
  TimePoint started{};
  std::string host;
  std::atomic<std::uint16_t> port{0};  ///< 0: not yet known
  std::optional<std::string> base_url;
  std::vector<std::string> public_keys;  ///< of what its cache is signed with
};

}  // namespace grange
