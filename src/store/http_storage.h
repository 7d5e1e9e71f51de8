#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "http/http_client_options.h"
#include "http/url.h"
#include "store/storage.h"

namespace grange {

struct HttpStorageOptions {
  HttpClientOptions client;  ///< see storage_client_options
  /// For "Authorization: Bearer …"; empty: what the URL or the netrc says of the host.
  std::string bearer_token{};
  std::stop_token stop{};
};

/// Objects below an http or https URL: read by GET and HEAD, written by PUT. Throws InvalidError
/// for a URL with a query.
std::unique_ptr<Storage> open_http_storage(const Url& base, HttpStorageOptions options);

}  // namespace grange
