#pragma once

#include "http/http_server.h"

namespace grange {

/// Does who asks take gzip (RFC 9110, 12.5.3)?
bool takes_gzip(const ServerRequest& request);

/// Compresses what the response holds as text, where who asks takes that and it is worth it.
void encode_for(const ServerRequest& request, ServerResponse& response);

}  // namespace grange
