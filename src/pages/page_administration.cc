#include <nlohmann/json.hpp>

#include "base/text.h"
#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/rights_view.h"
#include "pages/settings_view.h"
#include "serve/problem.h"

namespace grange {
namespace {

std::vector<std::string> texts_of(const ApiJson& list) {
  return list.get<std::vector<std::string>>();
}

ApiJson token_row(const ApiJson& token, TimePoint now) {
  const auto expires = token["expires"].is_string()
                           ? parse_api_time(token["expires"].get<std::string>())
                           : std::nullopt;
  return {{"id", token["id"]},
          {"tokenName", token["name"]},
          {"tokenAccount", token.value("account", "")},
          {"scopes", join(texts_of(token["scopes"]), ", ")},
          {"created", time_view(token["created"], now)},
          {"expires", time_view(token["expires"], now)},
          {"isExpired", expires && *expires <= now},
          {"lastUsed", time_view(token["lastUsed"], now)}};
}

/// Everybody's.
ApiJson all_tokens(const PageCall& call) {
  return call.get("/api/v1/tokens?all=true&limit=1000")["tokens"];
}

/// What is shown of an account, whoever looks at it.
ApiJson account_model(const PageCall& call, const ApiJson& account) {
  const bool is_own = account["id"] == call.identity.account;
  const auto api = "/api/v1/accounts/" + account["id"].dump();
  const auto roles = texts_of(account["roles"]);
  return {{"title", account["name"]},
          {"name", account["name"]},
          {"fullName", account["fullName"]},
          {"email", account["email"]},
          {"disabled", account["disabled"]},
          {"created", time_view(account["created"], call.now)},
          {"roleNames", roles.empty() ? "none" : join(roles, ", ")},
          {"roles", roles_view(roles)},
          {"isOwn", is_own},
          {"api", api},
          {"mayAdminister", may(call.identity, Permission::administer)}};
}

ApiJson own_account_page(PageCall& call) {
  if (call.identity.is_anonymous()) throw SignInError("nobody is signed in");
  auto model =
      account_model(call, call.get("/api/v1/accounts/" + std::to_string(call.identity.account)));
  model["title"] = "Your account";
  model["tokens"] = rows_of(call.get("/api/v1/tokens?limit=1000")["tokens"],
                            [&](const ApiJson& token) { return token_row(token, call.now); });
  model["scopes"] = scopes_view({});
  model["lifetimes"] = ApiJson::array();
  const auto longest = call.site.context().accounts.options().token_longest;
  for (const int days : {1, 7, 30, 90, 365}) {
    const std::chrono::seconds lifetime = std::chrono::hours(24) * days;
    if (lifetime > longest) continue;
    model["lifetimes"].push_back({{"seconds", lifetime.count()},
                                  {"text", days == 1 ? "a day" : std::to_string(days) + " days"},
                                  {"chosen", days == 90}});
  }
  return model;
}

ApiJson account_page(PageCall& call) {
  require(call.identity, Permission::administer);
  auto model = account_model(call, call.get("/api/v1/accounts/" + url_part(call.text("id"))));
  model["crumbs"] = {{{"text", "Administration"}, {"url", "/admin"}}};
  model["tokens"] = ApiJson::array();
  for (const auto& token : all_tokens(call)) {
    if (token["account"] == model["name"]) {
      model["tokens"].push_back(token_row(token, call.now));
    }
  }
  if (!model["isOwn"].get<bool>()) {
    model["deletion"] = {{"what", "account " + model["name"].get<std::string>()},
                         {"api", model["api"]},
                         {"then", "/admin"}};
  }
  return model;
}

ApiJson account_row(const ApiJson& account, TimePoint now) {
  return {{"name", account["name"]},
          {"url", "/admin/accounts/" + account["id"].dump()},
          {"fullName", account["fullName"]},
          {"email", account["email"]},
          {"disabled", account["disabled"]},
          {"roleNames", join(texts_of(account["roles"]), ", ")},
          {"created", time_view(account["created"], now)}};
}

/// With how full it is, in whole percent.
ApiJson disk_row(const ApiJson& disk) {
  ApiJson row{{"use", disk["use"]}, {"directory", disk["directory"]}};
  if (!disk["size"].is_number() || !disk["free"].is_number()) return row;
  const auto size = disk["size"].get<std::int64_t>();
  const auto free = disk["free"].get<std::int64_t>();
  row["size"] = size_text(size);
  row["free"] = size_text(free);
  if (size > 0) row["fullPercent"] = 100 - free * 100 / size;
  row["isLow"] = free < size / 20;
  return row;
}

ApiJson administration_page(PageCall& call) {
  require(call.identity, Permission::administer);
  const auto system = call.get("/api/v1/system");
  const auto accounts = call.get("/api/v1/accounts?limit=1000")["accounts"];
  const auto& database = system["database"];
  const bool is_sqlite = database["kind"] == "sqlite";
  return {
      {"title", "Administration"},
      {"version", system["version"]},
      {"system", system["system"]},
      {"started", time_view(system["started"], call.now)},
      {"uptime", span_view(system["started"], nullptr, call.now)},
      {"databaseKind", is_sqlite ? "SQLite" : "PostgreSQL"},
      {"databaseName", database["name"]},
      {"databaseSize", size_text(database["size"].get<std::int64_t>())},
      {"disks", rows_of(system["disks"], disk_row)},
      {"publicKeys", system["publicKeys"]},
      {"settings", settings_view(system["settings"])},
      {"accounts",
       rows_of(accounts, [&](const ApiJson& one) { return account_row(one, call.now); })},
      {"roles", roles_view({})},
      {"allTokens", {{"ofAll", true}, {"tokens", rows_of(all_tokens(call), [&](const ApiJson& one) {
                                         return token_row(one, call.now);
                                       })}}}};
}

}  // namespace

void add_administration_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/account", "account", own_account_page);
  add_page(router, site, "/admin", "administration", administration_page);
  add_page(router, site, "/admin/accounts/{id}", "account", account_page);
}

}  // namespace grange
