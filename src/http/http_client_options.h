#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/netrc.h"

namespace grange {

/// What is tried again: connections that fail or break, 408, 425, 429 and 5xx but 501, 505, 511.
struct HttpRetryPolicy {
  unsigned attempts = 5;     ///< in all; 1: no second try
  Seconds base_delay{0.25};  ///< before the second try, then doubled; each takes 50 to 100 % of it
  Seconds max_delay{10};     ///< of our own choice
  Seconds max_retry_after{60};  ///< of the server's choice (Retry-After)
};

struct HttpTimeouts {
  Seconds connect{15};
  /// Without a byte in either direction, while we ourselves wait for nothing. Found after one to
  /// two times as long.
  Seconds stall{60};
};

struct HttpClientOptions {
  HttpRetryPolicy retry;
  HttpTimeouts timeouts;
  unsigned max_connections_per_host = 8;
  unsigned max_connections = 64;
  unsigned max_requests_per_host = 64;  ///< in flight at once; the others wait for their turn
  unsigned max_redirects = 10;
  /// Nothing: as http_proxy, https_proxy, all_proxy and no_proxy say. Empty: none.
  std::optional<std::string> proxy;
  std::filesystem::path ca_bundle;  ///< of trusted authorities; empty: the system's
  Netrc netrc;
  std::string user_agent = "grange/" GRANGE_VERSION;
  /// How much of a download waits in memory for its sink, or of an upload for the network.
  std::size_t buffer_size = std::size_t{1} << 20;
};

}  // namespace grange
