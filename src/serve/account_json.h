#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "record/accounts.h"
#include "serve/identity.h"

namespace grange {

/// {id, name, fullName, email, roles: [NAME], disabled, created}; times are RFC 3339.
nlohmann::json account_to_json(const Account& account);
/// {username, fullname, emailaddress, userroles: [NAME]}: Hydra's.
nlohmann::json account_to_hydra_json(const Account& account);
/// {id, name, scopes: [NAME], created, expires, lastUsed}; the last two may be null.
nlohmann::json token_to_json(const StoredToken& token);
/// {by: "nobody"|"session"|"token", account: {…}|null, csrf: TEXT|null, scopes: [NAME]|null}.
/// `account`: null where nobody is signed in.
nlohmann::json session_to_json(const Identity& identity, const Account* account);
/// Never throws for text that is not UTF-8.
std::string print_json(const nlohmann::json& value);

}  // namespace grange
