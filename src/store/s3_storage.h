#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "http/aws_credentials.h"
#include "http/http_client_options.h"
#include "http/url.h"
#include "store/storage.h"

namespace grange {

/// Where a bucket is.
struct S3Place {
  std::string bucket;
  std::string prefix;  ///< of all keys; empty, or without '/' at either end
  Url endpoint;        ///< of the service: scheme, host and port
  std::string region;
  bool bucket_in_host = false;  ///< https://BUCKET.HOST/KEY, not https://HOST/BUCKET/KEY
};

struct S3StorageOptions {
  HttpClientOptions client;  ///< see storage_client_options
  AwsSettings credentials;
  bool multipart = true;  ///< send what is large in parts
  std::uint64_t part_size = std::uint64_t{8}
                            << 20;  ///< bytes; larger where there would be too many
  std::stop_token stop{};
};

/// Objects of a bucket that speaks Amazon's S3 protocol. Requests are signed with the keys that are
/// found; where there are none, as for public buckets, they are not.
std::unique_ptr<Storage> open_s3_storage(S3Place place, S3StorageOptions options);

}  // namespace grange
