#pragma once

#include <optional>

#include "base/clock.h"
#include "http/http_client_options.h"
#include "http/http_request.h"

namespace grange {

/// May the same request be answered otherwise a little later?
bool is_passing_status(int status) noexcept;

/// Has the server certainly done nothing, so that even a POST may be sent again?
bool is_refusal_to_act(int status) noexcept;

/// What Retry-After asks for, in seconds from `now`, never negative; nothing when it is absent or
/// is neither a number nor a date.
std::optional<Seconds> retry_after(const HttpHeaders& headers, TimePoint now);

/// How long to wait after `tried` tries (at least 1). `chance` from [0, 1) spreads those who failed
/// together. What the server `asked` for counts where it is longer, up to the policy's bound.
Seconds retry_delay(const HttpRetryPolicy& policy, unsigned tried, double chance,
                    std::optional<Seconds> asked);

}  // namespace grange
