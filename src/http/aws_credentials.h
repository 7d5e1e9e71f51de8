#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/environment.h"
#include "base/thread_annotations.h"
#include "http/aws_keys.h"
#include "http/aws_shared_files.h"
#include "http/http_client.h"

namespace grange {

struct AwsSettings {
  std::optional<AwsKeys> keys;         ///< explicit: nothing else is looked at
  std::optional<std::string> profile;  ///< explicit: goes before the environment's keys
  Environment environment;
};

/// Where AWS keys come from, in this order: explicit ones; AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; the profile (explicit, AWS_PROFILE,
/// AWS_DEFAULT_PROFILE, "default") of AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, then of
/// AWS_CONFIG_FILE or ~/.aws/config; the role of the EC2 instance, unless AWS_EC2_METADATA_DISABLED
/// is "true". Not read: credential_process, role_arn, single sign-on, container roles.
///
/// Keys that expire are asked for anew before they do. Thread safe.
class AwsCredentials {
 public:
  /// Client and clock outlive it; the clock's monotonic time is the client's.
  AwsCredentials(AwsSettings settings, HttpClient& client, const Clock& clock);

  /// May read files and ask the network, so not for the HTTP client's thread. Throws NotFoundError
  /// when there are none anywhere, InvalidError for a file or variable that says something
  /// else, CorruptError, CancelledError.
  AwsKeys keys(const std::stop_token& stop = {});

 private:
  std::optional<AwsKeys> lasting_keys() const;
  AwsKeys find(const std::stop_token& stop) const;

  const AwsSettings settings_;
  HttpClient& client_;
  const Clock& clock_;
  Mutex mutex_;
  std::optional<AwsKeys> known_ GUARDED_BY(mutex_);
};

/// AWS_REGION, AWS_DEFAULT_REGION, or the profile's `region`; nothing when none says.
std::optional<std::string> aws_region(const AwsSettings& settings);

}  // namespace grange
