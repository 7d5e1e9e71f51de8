#include "http/aws_instance_metadata.h"

#include <chrono>
#include <cstdio>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
constexpr std::size_t kLargestAnswer = std::size_t{64} << 10;
constexpr std::chrono::seconds kWholeTime{10};

HttpRequest metadata_request(const Url& endpoint, std::string_view path, std::string method,
                             const Clock& clock) {
  HttpRequest request(endpoint.append_path(path.substr(1)), std::move(method));
  request.direct = true;
  request.max_redirects = 0;
  request.max_body = kLargestAnswer;
  request.timeouts = HttpTimeouts{.connect = Seconds(1), .stall = Seconds(2)};
  request.retry = HttpRetryPolicy{.attempts = 2, .max_retry_after = Seconds(1)};
  request.deadline = clock.monotonic() + kWholeTime;
  return request;
}

/// "2030-01-02T03:04:05Z".
TimePoint parse_utc(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  char zone = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%c", &year, &month, &day, &hour, &minute,
                  &second, &zone) != 7 ||
      zone != 'Z') {
    throw CorruptError("an expiry is not a time such as 2030-01-02T03:04:05Z");
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  // The clock counts nanoseconds in 64 bits, which end in 2262.
  const auto is_within = [](int value, int end) { return value >= 0 && value < end; };
  if (!date.ok() || year < 1970 || year > 2261 || !is_within(hour, 24) || !is_within(minute, 60) ||
      !is_within(second, 61)) {
    throw CorruptError("an expiry is not a time of the calendar");
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::string json_text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    throw CorruptError(std::string("the metadata service does not say '") + key + "'");
  }
  return found->get<std::string>();
}

}  // namespace

AwsKeys parse_instance_keys(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) throw CorruptError("the metadata service gave no JSON object");
  if (const auto code = json_text(object, "Code"); code != "Success") {
    throw CorruptError("the metadata service says '" + printable(code) + "'");
  }
  AwsKeys keys{json_text(object, "AccessKeyId"), json_text(object, "SecretAccessKey"),
               json_text(object, "Token"), parse_utc(json_text(object, "Expiration"))};
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    throw CorruptError("the metadata service gave an empty key");
  }
  return keys;
}

std::optional<AwsKeys> instance_keys(HttpClient& client, const Url& endpoint, const Clock& clock,
                                     const std::stop_token& stop) {
  auto ask_for_token = metadata_request(endpoint, "/latest/api/token", "PUT", clock);
  ask_for_token.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  HttpResponse token;
  try {
    token = client.send(std::move(ask_for_token), stop);
  } catch (const UnavailableError&) {
    return std::nullopt;  // not on such a machine
  } catch (const TimeoutError&) {
    return std::nullopt;
  }
  if (!token.ok()) return std::nullopt;
  const auto ask = [&](const std::string& path) {
    auto request = metadata_request(endpoint, path, "GET", clock);
    request.headers.add("X-aws-ec2-metadata-token", token.body);
    return client.send(std::move(request), stop);
  };
  const auto roles = ask(std::string(kRoles));
  if (roles.status == 404) return std::nullopt;
  throw_for_status(roles);
  const auto role = split(roles.body, '\n').front();
  if (trim(role).empty()) return std::nullopt;
  const auto answer = ask(std::string(kRoles) + std::string(trim(role)));
  throw_for_status(answer);
  return parse_instance_keys(answer.body);
}

}  // namespace grange
