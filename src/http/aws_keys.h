#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace grange {

/// What proves to AWS, or to what speaks its S3 protocol, who asks.
struct AwsKeys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;        ///< empty: keys that last
  std::optional<TimePoint> expiry;  ///< of keys that do not
};

}  // namespace grange
