#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "build/download.h"

namespace grange {

/// How one try to transfer went.
struct TransferEnd {
  enum class Kind {
    complete,
    not_found,
    denied,    ///< also: a certificate that is not trusted
    invalid,   ///< trying again would give the same
    passing,   ///< worth trying again
    no_resume  ///< the server cannot continue where the last try ended
  };
  Kind kind = Kind::complete;
  std::string problem;  ///< "HTTP error 404", or libcurl's own text
};

/// One try: appends what comes from byte `offset` on to `file`. `written` counts bytes, also of a
/// transfer that fails. Throws TimeoutError and CancelledError.
TransferEnd transfer(const std::string& url, int file, std::uint64_t offset, std::uint64_t& written,
                     const DownloadOptions& options, const Clock& clock,
                     const std::stop_token& stop);

}  // namespace grange
