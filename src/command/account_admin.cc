#include "command/account_admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/password_prompt.h"
#include "serve/api_json.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

/// In the database itself.
class StoredAccounts final : public AccountAdmin {
 public:
  StoredAccounts(std::unique_ptr<Database> database, const Clock& clock)
      : database_(std::move(database)),
        service_({[this](const DatabaseAccess::Use& use) {
                    const Snapshot snapshot(*database_);
                    use(*database_);
                  },
                  [this](const DatabaseAccess::Use& use) { change_farm(*database_, use); }},
                 clock, {}) {}

  std::vector<Account> all() override { return service_.accounts(); }
  void create(const AccountSettings& settings,
              const std::optional<std::string>& password) override {
    service_.create(settings, password);
  }
  void change(std::int64_t account, const AccountService::Changes& changes) override {
    service_.change(account, changes);
  }
  void set_password(std::int64_t account, const std::string& password) override {
    service_.set_password({}, account, password);
  }
  void remove(std::int64_t account) override { service_.remove(account); }

  void become(const std::string& name) override { asker_.account = named(name).id; }
  std::vector<StoredToken> tokens() override { return service_.tokens(asker_); }
  std::string create_token(const std::string& name, const std::set<Scope>& scopes,
                           std::chrono::seconds lifetime) override {
    return service_.create_token(asker_, name, scopes, lifetime).secret;
  }
  void remove_token(std::int64_t id) override { service_.remove_token(asker_, id); }
  void leave() override {}

 private:
  const std::unique_ptr<Database> database_;
  AccountService service_;
  Identity asker_;
};

template <typename Read>
auto read_accounts_answer(Read&& read) {
  try {
    return read();
  } catch (const Json::exception& error) {
    throw CorruptError(std::string("the server's answer is not about accounts: ") + error.what());
  }
}

std::optional<TimePoint> time_of_answer(const Json& value) {
  if (value.is_null()) return std::nullopt;
  const auto time = parse_api_time(value.get<std::string>());
  if (!time) throw CorruptError("the server's answer has a time that is none");
  return time;
}

/// Through the API.
class ServedAccounts final : public AccountAdmin {
 public:
  ServedAccounts(const FarmClientOptions& options, const Clock& clock, const std::stop_token& stop)
      : client_(options, clock, stop) {}

  std::vector<Account> all() override {
    const auto answer = client_.get_all("/api/v1/accounts", "accounts");
    return read_accounts_answer([&] {
      std::vector<Account> accounts;
      for (const auto& one : answer) {
        Account account;
        account.id = one.at("id").get<std::int64_t>();
        account.settings.name = one.at("name").get<std::string>();
        account.settings.full_name = one.at("fullName").get<std::string>();
        account.settings.email = one.at("email").get<std::string>();
        account.settings.roles = one.at("roles").get<std::vector<std::string>>();
        account.settings.disabled = one.at("disabled").get<bool>();
        accounts.push_back(std::move(account));
      }
      return accounts;
    });
  }
  void create(const AccountSettings& settings,
              const std::optional<std::string>& password) override {
    Json body{{"name", settings.name},
              {"fullName", settings.full_name},
              {"email", settings.email},
              {"roles", settings.roles}};
    if (password) body["password"] = *password;
    client_.send("POST", "/api/v1/accounts", body);
  }
  void change(std::int64_t account, const AccountService::Changes& changes) override {
    Json body = Json::object();
    if (changes.full_name) body["fullName"] = *changes.full_name;
    if (changes.email) body["email"] = *changes.email;
    if (changes.roles) body["roles"] = *changes.roles;
    if (changes.disabled) body["disabled"] = *changes.disabled;
    client_.send("PATCH", account_path(account), body);
  }
  void set_password(std::int64_t account, const std::string& password) override {
    client_.send("PUT", account_path(account) + "/password", {{"password", password}});
  }
  void remove(std::int64_t account) override {
    client_.send("DELETE", account_path(account), nullptr);
  }

  void become(const std::string& name) override {
    client_.sign_in(name, read_password("password of " + name, false));
  }
  std::vector<StoredToken> tokens() override {
    const auto answer = client_.get_all("/api/v1/tokens", "tokens");
    return read_accounts_answer([&] {
      std::vector<StoredToken> tokens;
      for (const auto& one : answer) {
        StoredToken token;
        token.id = one.at("id").get<std::int64_t>();
        token.name = one.at("name").get<std::string>();
        token.scopes = one.at("scopes").get<std::vector<std::string>>();
        token.created = time_of_answer(one.at("created")).value_or(TimePoint());
        token.expires = time_of_answer(one.at("expires"));
        token.last_used = time_of_answer(one.at("lastUsed"));
        tokens.push_back(std::move(token));
      }
      return tokens;
    });
  }
  std::string create_token(const std::string& name, const std::set<Scope>& scopes,
                           std::chrono::seconds lifetime) override {
    Json body{{"name", name}, {"scopes", Json::array()}, {"lifetime", lifetime.count()}};
    for (const auto scope : scopes) body["scopes"].push_back(to_string(scope));
    const auto answer = client_.send("POST", "/api/v1/tokens", body);
    return read_accounts_answer([&] { return answer.at("secret").get<std::string>(); });
  }
  void remove_token(std::int64_t id) override {
    client_.send("DELETE", fmt::format("/api/v1/tokens/{}", id), nullptr);
  }
  void leave() override { client_.sign_out(); }

 private:
  static std::string account_path(std::int64_t account) {
    return fmt::format("/api/v1/accounts/{}", account);
  }

  FarmClient client_;
};

}  // namespace

std::unique_ptr<AccountAdmin> AccountAdmin::open(const AdminPlace& place, const Clock& clock,
                                                 const std::stop_token& stop) {
  if (place.is_remote()) return std::make_unique<ServedAccounts>(place.client, clock, stop);
  return std::make_unique<StoredAccounts>(open_farm_database(place.database, FarmOpening::making),
                                          clock);
}

Account AccountAdmin::named(const std::string& name) {
  for (auto& account : all()) {
    if (account.settings.name == name) return account;
  }
  throw NotFoundError("there is no account '" + printable(name) + "'");
}

}  // namespace grange
