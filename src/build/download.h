#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace grange {

/// How much patience and room a download gets.
struct DownloadLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 36;
  unsigned max_redirects = 10;
  unsigned tries = 5;              ///< where the failure is of a passing kind
  Seconds first_retry_delay{0.5};  ///< doubled with each further try
  Seconds connect_timeout{15};
  Seconds stall_timeout{300};  ///< without a single byte
};

struct DownloadOptions {
  DownloadLimits limits;
  std::filesystem::path netrc;         ///< user names and passwords by host; empty: none
  std::filesystem::path certificates;  ///< of trusted authorities; empty: the system's
  std::optional<MonotonicTime> deadline;
  std::function<void(std::string_view line)> report;  ///< what is tried, for people
};

/// Fetches http, https, ftp, ftps and file URLs into `file` (a descriptor of an empty file, left at
/// its end). Certificates are verified. A broken transfer is resumed where the server allows it;
/// passing failures are tried again. Throws NotFoundError, DeniedError, InvalidError (no such kind
/// of URL, too large), UnavailableError, TimeoutError, CancelledError.
void download(const std::string& url, int file, const DownloadOptions& options, const Clock& clock,
              const std::stop_token& stop);

}  // namespace grange
