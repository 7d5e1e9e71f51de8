#pragma once

#include "http/http_route.h"
#include "serve/account_service.h"

namespace grange {

/// Signing in and out, accounts and tokens; `service` must outlive the server. Bodies are JSON
/// objects of at most 64 KiB, whose unknown fields are refused.
///
///     POST   /login {username, password}     302 to /current-user, with Hydra's JSON; 403
///     POST   /logout                         204
///     GET    /current-user                   Hydra's JSON; 403 where nobody is signed in
///     GET    /api/v1/session                 who asks, and the token against forgery
///     POST   /api/v1/session {name, password}          201; 401
///     DELETE /api/v1/session                 204
///     POST   /api/v1/setup {secret, name, password, fullName?, email?}    201
///     GET    /api/v1/accounts                all: for who may administer
///     POST   /api/v1/accounts {name, fullName?, email?, roles?, password?}    201
///     GET    /api/v1/accounts/ID             one's own, too
///     PATCH  /api/v1/accounts/ID {fullName?, email?, roles?, disabled?}
///     DELETE /api/v1/accounts/ID             204
///     PUT    /api/v1/accounts/ID/password {password, current?}    204; `current` for one's own
///     GET    /api/v1/tokens                  one's own; with ?all=true everybody's, for who may
///                                            administer
///     POST   /api/v1/tokens {name, scopes, lifetime?}    201, with the secret; seconds
///     DELETE /api/v1/tokens/ID               204; anybody's for who may administer
///
/// Of one's own account a token may only read (scope `read`): what it could make or change would
/// give it more than its scopes.
void add_account_routes(Router& router, AccountService& service);

}  // namespace grange
