#include "serve/account_json.h"

#include <nlohmann/json.hpp>

#include "serve/api_json.h"

namespace grange {
namespace {

nlohmann::json time_to_json(const std::optional<TimePoint>& time) {
  if (!time) return nullptr;
  return api_time(*time);
}

std::string_view name_of(Identity::By by) {
  switch (by) {
    case Identity::By::nobody:
      return "nobody";
    case Identity::By::session:
      return "session";
    case Identity::By::token:
      return "token";
  }
  return "nobody";
}

}  // namespace

nlohmann::json account_to_json(const Account& account) {
  const auto& settings = account.settings;
  return {{"id", account.id},
          {"name", settings.name},
          {"fullName", settings.full_name},
          {"email", settings.email},
          {"roles", settings.roles},
          {"disabled", settings.disabled},
          {"created", api_time(account.created)}};
}

nlohmann::json account_to_hydra_json(const Account& account) {
  const auto& settings = account.settings;
  return {{"username", settings.name},
          {"fullname", settings.full_name},
          {"emailaddress", settings.email},
          {"userroles", settings.roles}};
}

nlohmann::json token_to_json(const StoredToken& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"scopes", token.scopes},
          {"created", api_time(token.created)},
          {"expires", time_to_json(token.expires)},
          {"lastUsed", time_to_json(token.last_used)}};
}

nlohmann::json session_to_json(const Identity& identity, const Account* account) {
  nlohmann::json value{
      {"by", name_of(identity.by)}, {"account", nullptr}, {"csrf", nullptr}, {"scopes", nullptr}};
  if (account != nullptr) value["account"] = account_to_json(*account);
  if (identity.by == Identity::By::session) value["csrf"] = identity.csrf;
  if (identity.by == Identity::By::token) {
    value["scopes"] = nlohmann::json::array();
    for (const auto scope : identity.scopes) value["scopes"].push_back(to_string(scope));
  }
  return value;
}

std::string print_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace grange
