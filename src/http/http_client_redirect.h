#pragma once

#include <optional>

#include "http/http_request.h"

namespace grange {

/// Where an answer to `request` leads: the request to send next, or nothing when it leads nowhere.
/// 303 makes a GET, 301 and 302 make one of a POST; otherwise method and body stay. To another
/// origin go only headers known to hold no secret; no user, password or signature follows. Throws
/// InvalidError for a Location that is no http or https URL, DeniedError where it leads from https
/// to http.
std::optional<HttpRequest> redirected(const HttpRequest& request, int status,
                                      const HttpHeaders& answered);

}  // namespace grange
