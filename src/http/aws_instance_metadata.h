#pragma once

#include <optional>
#include <stop_token>
#include <string_view>

#include "http/aws_keys.h"
#include "http/http_client.h"
#include "http/url.h"

namespace grange {

/// The keys of the role of the EC2 instance that this runs on, asked from its metadata service
/// (version 2) at `endpoint`, directly and with little patience; nothing where there is no
/// service or no role. Throws CorruptError for an answer that is not understood.
std::optional<AwsKeys> instance_keys(HttpClient& client, const Url& endpoint, const Clock& clock,
                                     const std::stop_token& stop);

/// What the service says of a role (JSON). Throws CorruptError.
AwsKeys parse_instance_keys(std::string_view json);

}  // namespace grange
