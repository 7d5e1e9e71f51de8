#include "http/aws_credentials.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "http/aws_instance_metadata.h"

namespace grange {
namespace {

constexpr std::uint64_t kLargestAwsFile = std::uint64_t{1} << 20;
/// So long before they expire keys are renewed.
constexpr std::chrono::minutes kRenewBefore{10};
constexpr const char* kMetadataEndpoint = "http://169.254.169.254";

/// Empty counts as unset, as for the AWS tools.
std::optional<std::string> variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string profile_name(const AwsSettings& settings) {
  if (settings.profile) return *settings.profile;
  if (const auto name = variable(settings.environment, "AWS_PROFILE")) return *name;
  return variable(settings.environment, "AWS_DEFAULT_PROFILE").value_or("default");
}

AwsSharedFile read_shared_file(const Environment& environment, std::string_view by_name,
                               const char* usual, AwsSharedFile::Kind kind) {
  const auto home = variable(environment, "HOME");
  auto path = variable(environment, by_name);
  if (!path && home) path = *home + "/.aws/" + usual;
  if (!path) return {};
  if (path->starts_with("~/") && home) path = *home + path->substr(1);
  const auto text = try_read_file(*path, kLargestAwsFile);
  if (!text) return {};
  return with_context([&] { return "while reading '" + *path + "'"; },
                      [&] { return AwsSharedFile::parse(*text, kind); });
}

AwsSharedFile read_credentials_file(const Environment& environment) {
  return read_shared_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials",
                          AwsSharedFile::Kind::credentials);
}

AwsSharedFile read_config_file(const Environment& environment) {
  return read_shared_file(environment, "AWS_CONFIG_FILE", "config", AwsSharedFile::Kind::config);
}

std::optional<AwsKeys> keys_of_environment(const Environment& environment) {
  AwsKeys keys{variable(environment, "AWS_ACCESS_KEY_ID").value_or(""),
               variable(environment, "AWS_SECRET_ACCESS_KEY").value_or(""),
               variable(environment, "AWS_SESSION_TOKEN").value_or(""), std::nullopt};
  if (keys.access_key_id.empty()) return std::nullopt;
  if (keys.secret_access_key.empty()) {
    throw InvalidError("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
  }
  return keys;
}

std::optional<AwsKeys> keys_of_profile(const AwsSettings& settings) {
  const auto name = profile_name(settings);
  return with_context([&] { return "in the AWS profile '" + printable(name) + "'"; },
                      [&]() -> std::optional<AwsKeys> {
                        bool found = false;
                        for (const auto& file : {read_credentials_file(settings.environment),
                                                 read_config_file(settings.environment)}) {
                          const auto* profile = file.find(name);
                          if (profile == nullptr) continue;
                          found = true;
                          if (auto keys = keys_of(*profile)) return keys;
                        }
                        if (!found && name != "default")
                          throw NotFoundError("there is no such profile");
                        return std::nullopt;
                      });
}

bool is_metadata_off(const Environment& environment) {
  const auto value = variable(environment, "AWS_EC2_METADATA_DISABLED");
  return value && (*value == "true" || *value == "TRUE" || *value == "True");
}

}  // namespace

AwsCredentials::AwsCredentials(AwsSettings settings, HttpClient& client, const Clock& clock)
    : settings_(std::move(settings)), client_(client), clock_(clock) {}

std::optional<AwsKeys> AwsCredentials::lasting_keys() const {
  if (settings_.keys) return settings_.keys;
  if (!settings_.profile) {
    if (auto keys = keys_of_environment(settings_.environment)) return keys;
  }
  return keys_of_profile(settings_);
}

AwsKeys AwsCredentials::find(const std::stop_token& stop) const {
  if (auto keys = lasting_keys()) return std::move(*keys);
  if (!is_metadata_off(settings_.environment)) {
    const auto endpoint = variable(settings_.environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT")
                              .value_or(kMetadataEndpoint);
    auto keys =
        with_context([] { return "while asking the EC2 instance metadata service"; },
                     [&] { return instance_keys(client_, Url::parse(endpoint), clock_, stop); });
    if (keys) return std::move(*keys);
  }
  throw NotFoundError(
      "there are no AWS credentials: not in the environment, not in the shared files, and there is "
      "no role of an EC2 instance");
}

AwsKeys AwsCredentials::keys(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  const auto now = clock_.now();
  if (known_ && (!known_->expiry || now + kRenewBefore < *known_->expiry)) return *known_;
  try {
    known_ = find(stop);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error&) {
    // Old keys are good until their very end; the service may be back by then.
    if (!known_ || now >= *known_->expiry) throw;
  }
  return *known_;
}

std::optional<std::string> aws_region(const AwsSettings& settings) {
  for (const auto* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (!settings.profile) {
      if (auto region = variable(settings.environment, name)) return region;
    }
  }
  const auto name = profile_name(settings);
  for (const auto& file :
       {read_config_file(settings.environment), read_credentials_file(settings.environment)}) {
    const auto* profile = file.find(name);
    if (profile == nullptr) continue;
    if (const auto found = profile->find("region"); found != profile->end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace grange
