#include "record/accounts.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::size_t kLongestAccountName = 100;
constexpr std::string_view kAccountColumns =
    "SELECT id, name, full_name, email, created, disabled FROM accounts ";

/// Without its roles, which are rows of their own.
Account read_account(const Statement& statement) {
  RowReader row(statement);
  Account account;
  account.id = row.integer();
  account.settings.name = row.text();
  account.settings.full_name = row.text();
  account.settings.email = row.text();
  account.created = row.time();
  account.settings.disabled = row.flag();
  return account;
}

}  // namespace

bool is_account_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto goes_on = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '@' || c == '-';
  };
  return !name.empty() && name.size() <= kLongestAccountName && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), goes_on);
}

std::vector<Account> Accounts::all() {
  std::vector<Account> accounts;
  {
    auto statement = database_.prepare(std::string(kAccountColumns) + "ORDER BY name");
    while (statement.step()) accounts.push_back(read_account(statement));
  }
  for (auto& account : accounts) account.settings.roles = roles(account.id);
  return accounts;
}

std::optional<Account> Accounts::with_roles(std::optional<Account> account) {
  if (account) account->settings.roles = roles(account->id);
  return account;
}

std::optional<Account> Accounts::find(std::string_view name) {
  if (!is_account_name(name)) return std::nullopt;
  std::optional<Account> account;
  {
    auto statement = database_.prepare(std::string(kAccountColumns) + "WHERE name = ?1");
    if (bind_all(statement, name).step()) account = read_account(statement);
  }
  return with_roles(std::move(account));
}

std::optional<Account> Accounts::find(std::int64_t id) {
  std::optional<Account> account;
  {
    auto statement = database_.prepare(std::string(kAccountColumns) + "WHERE id = ?1");
    if (bind_all(statement, id).step()) account = read_account(statement);
  }
  return with_roles(std::move(account));
}

std::int64_t Accounts::create(const AccountSettings& settings, TimePoint now) {
  if (!is_account_name(settings.name)) {
    throw InvalidError("'" + printable(settings.name.substr(0, kLongestAccountName)) +
                       "' cannot be an account's name: specified are letters, digits, '_', '.', "
                       "'@' and '-', at most 100, a letter or '_' first");
  }
  if (find(settings.name)) throw ConflictError("account '" + settings.name + "' exists already");
  const auto id =
      find_integer(database_,
                   "INSERT INTO accounts (name, full_name, email, created, disabled) "
                   "VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
                   settings.name, settings.full_name, settings.email, now, settings.disabled);
  set_roles(*id, settings.roles);
  return *id;
}

void Accounts::update(const Account& account, const AccountSettings& settings) {
  run(database_, "UPDATE accounts SET full_name = ?2, email = ?3, disabled = ?4 WHERE id = ?1",
      account.id, settings.full_name, settings.email, settings.disabled);
  set_roles(account.id, settings.roles);
  if (settings.disabled) remove_sessions(account.id);
}

void Accounts::remove(const Account& account) {
  for (const std::string_view table :
       {"account_roles", "secret_passwords", "secret_sessions", "secret_tokens"}) {
    run(database_, "DELETE FROM " + std::string(table) + " WHERE account = ?1", account.id);
  }
  run(database_, "DELETE FROM project_members WHERE account = ?1", account.settings.name);
  run(database_, "UPDATE projects SET owner = '', version = version + 1 WHERE owner = ?1",
      account.settings.name);
  run(database_, "DELETE FROM accounts WHERE id = ?1", account.id);
}

bool Accounts::has_with_role(std::string_view role) {
  return find_integer(database_,
                      "SELECT a.id FROM accounts a JOIN account_roles r ON r.account = a.id "
                      "WHERE r.role = ?1 AND a.disabled = 0 LIMIT 1",
                      role)
      .has_value();
}

std::vector<std::string> Accounts::roles(std::int64_t account) {
  auto statement =
      database_.prepare("SELECT role FROM account_roles WHERE account = ?1 ORDER BY role");
  bind_all(statement, account);
  std::vector<std::string> found;
  while (statement.step()) found.emplace_back(statement.text(0));
  return found;
}

void Accounts::set_roles(std::int64_t account, const std::vector<std::string>& roles) {
  run(database_, "DELETE FROM account_roles WHERE account = ?1", account);
  for (const auto& role : roles) {
    run(database_,
        "INSERT INTO account_roles (account, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING", account,
        role);
  }
}

std::optional<std::string> Accounts::password_hash(std::int64_t account) {
  return find_text(database_, "SELECT hash FROM secret_passwords WHERE account = ?1", account);
}

void Accounts::set_password_hash(std::int64_t account, std::string_view hash) {
  run(database_,
      "INSERT INTO secret_passwords (account, hash) VALUES (?1, ?2) "
      "ON CONFLICT (account) DO UPDATE SET hash = ?2",
      account, hash);
}

bool Accounts::replace_password_hash(std::int64_t account, std::string_view old,
                                     std::string_view hash) {
  return run(database_, "UPDATE secret_passwords SET hash = ?3 WHERE account = ?1 AND hash = ?2",
             account, old, hash) == 1;
}

void Accounts::set_setup(const Sha256& digest, TimePoint expires) {
  run(database_, "DELETE FROM secret_setup");
  run(database_, "INSERT INTO secret_setup (digest, expires) VALUES (?1, ?2)", BlobValue{digest},
      expires);
}

bool Accounts::has_setup(const Sha256& digest, TimePoint now) {
  return find_integer(database_, "SELECT 1 FROM secret_setup WHERE digest = ?1 AND expires > ?2",
                      BlobValue{digest}, now)
      .has_value();
}

bool Accounts::take_setup(const Sha256& digest, TimePoint now) {
  return run(database_, "DELETE FROM secret_setup WHERE digest = ?1 AND expires > ?2",
             BlobValue{digest}, now) == 1;
}

}  // namespace grange
