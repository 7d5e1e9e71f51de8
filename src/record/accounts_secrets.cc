#include <algorithm>

#include "base/text.h"
#include "record/accounts.h"
#include "record/rows.h"

namespace grange {
namespace {

/// So long a token that has expired is still shown.
constexpr std::chrono::hours kExpiredTokens(31 * 24);

constexpr std::string_view kTokenColumns =
    "SELECT t.id, t.account, t.name, t.scopes, t.created, t.expires, t.last_used "
    "FROM secret_tokens t ";

StoredToken read_token(const Statement& statement) {
  RowReader row(statement);
  StoredToken token;
  token.id = row.integer();
  token.account = row.integer();
  token.name = row.text();
  const std::string scopes = row.text();
  for (const auto scope : split_words(scopes)) token.scopes.emplace_back(scope);
  token.created = row.time();
  token.expires = row.optional_time();
  token.last_used = row.optional_time();
  return token;
}

}  // namespace

void Accounts::create_session(const Sha256& digest, std::int64_t account, std::string_view csrf,
                              TimePoint now, TimePoint expires, std::size_t most) {
  run(database_,
      "INSERT INTO secret_sessions (digest, account, csrf, created, expires) "
      "VALUES (?1, ?2, ?3, ?4, ?5)",
      BlobValue{digest}, account, csrf, now, expires);
  run(database_,
      "DELETE FROM secret_sessions WHERE account = ?1 AND digest IN (SELECT digest "
      "FROM secret_sessions WHERE account = ?1 ORDER BY created DESC, digest "
      "LIMIT 1000 OFFSET ?2)",
      account, most);
}

std::optional<StoredSession> Accounts::find_session(const Sha256& digest, TimePoint now) {
  std::optional<StoredSession> session;
  std::int64_t account = 0;
  {
    auto statement = database_.prepare(
        "SELECT account, csrf, created, expires FROM secret_sessions "
        "WHERE digest = ?1 AND expires > ?2");
    if (!bind_all(statement, BlobValue{digest}, now).step()) return std::nullopt;
    RowReader row(statement);
    account = row.integer();
    session.emplace();
    session->csrf = row.text();
    session->created = row.time();
    session->expires = row.time();
  }
  auto found = find(account);
  if (!found || found->settings.disabled) return std::nullopt;
  session->account = *std::move(found);
  return session;
}

void Accounts::extend_session(const Sha256& digest, TimePoint expires) {
  run(database_, "UPDATE secret_sessions SET expires = ?2 WHERE digest = ?1", BlobValue{digest},
      expires);
}

void Accounts::remove_session(const Sha256& digest) {
  run(database_, "DELETE FROM secret_sessions WHERE digest = ?1", BlobValue{digest});
}

void Accounts::remove_sessions(std::int64_t account, const std::optional<Sha256>& except) {
  if (except) {
    run(database_, "DELETE FROM secret_sessions WHERE account = ?1 AND digest <> ?2", account,
        BlobValue{*except});
  } else {
    run(database_, "DELETE FROM secret_sessions WHERE account = ?1", account);
  }
}

std::int64_t Accounts::create_token(const Sha256& digest, const NewToken& token, TimePoint now) {
  return *find_integer(database_,
                       "INSERT INTO secret_tokens (account, name, digest, scopes, created, "
                       "expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                       token.account, token.name, BlobValue{digest}, join(token.scopes, " "), now,
                       token.expires);
}

std::vector<StoredToken> Accounts::tokens(std::int64_t account) {
  auto statement =
      database_.prepare(std::string(kTokenColumns) + "WHERE t.account = ?1 ORDER BY t.id");
  bind_all(statement, account);
  std::vector<StoredToken> found;
  while (statement.step()) found.push_back(read_token(statement));
  return found;
}

std::vector<std::pair<StoredToken, std::string>> Accounts::all_tokens() {
  auto statement = database_.prepare(
      "SELECT t.id, t.account, t.name, t.scopes, t.created, t.expires, t.last_used, a.name "
      "FROM secret_tokens t JOIN accounts a ON a.id = t.account ORDER BY t.id");
  std::vector<std::pair<StoredToken, std::string>> found;
  while (statement.step()) {
    auto token = read_token(statement);
    found.emplace_back(std::move(token), statement.text(7));
  }
  return found;
}

std::optional<Accounts::UsedToken> Accounts::find_token(const Sha256& digest, TimePoint now) {
  std::optional<StoredToken> token;
  {
    auto statement = database_.prepare(std::string(kTokenColumns) + "WHERE t.digest = ?1");
    if (!bind_all(statement, BlobValue{digest}).step()) return std::nullopt;
    token = read_token(statement);
  }
  if (token->expires && *token->expires <= now) return std::nullopt;
  auto account = find(token->account);
  if (!account || account->settings.disabled) return std::nullopt;
  return UsedToken{*std::move(token), *std::move(account)};
}

void Accounts::note_token_use(std::int64_t id, TimePoint now) {
  run(database_,
      "UPDATE secret_tokens SET last_used = ?2 "
      "WHERE id = ?1 AND (last_used IS NULL OR last_used <= ?3)",
      id, now, now - kTokenUse);
}

bool Accounts::remove_token(std::optional<std::int64_t> account, std::int64_t id) {
  if (!account) return run(database_, "DELETE FROM secret_tokens WHERE id = ?1", id) == 1;
  return run(database_, "DELETE FROM secret_tokens WHERE account = ?1 AND id = ?2", *account, id) ==
         1;
}

void Accounts::purge_expired(TimePoint now) {
  run(database_, "DELETE FROM secret_sessions WHERE expires <= ?1", now);
  run(database_, "DELETE FROM secret_setup WHERE expires <= ?1", now);
  run(database_, "DELETE FROM secret_tokens WHERE expires <= ?1", now - kExpiredTokens);
}

std::vector<WebhookSecret> Accounts::webhook_secrets() {
  auto statement = database_.prepare("SELECT id, forge, secret FROM secret_webhooks ORDER BY id");
  std::vector<WebhookSecret> found;
  while (statement.step()) {
    RowReader row(statement);
    auto& secret = found.emplace_back();
    secret.id = row.integer();
    secret.forge = row.text();
    secret.secret = row.text();
  }
  return found;
}

std::int64_t Accounts::add_webhook_secret(std::string_view forge, std::string_view secret) {
  return *find_integer(database_,
                       "INSERT INTO secret_webhooks (forge, secret) VALUES (?1, ?2) RETURNING id",
                       forge, secret);
}

void Accounts::declare_webhook_secrets(std::string_view file,
                                       const std::vector<DeclaredWebhook>& secrets) {
  run(database_, "DELETE FROM secret_webhooks WHERE declared_in <> ''");
  for (const auto& [forge, secret] : secrets) {
    run(database_, "INSERT INTO secret_webhooks (forge, secret, declared_in) VALUES (?1, ?2, ?3)",
        forge, secret, file);
  }
}

bool Accounts::remove_webhook_secret(std::int64_t id) {
  return run(database_, "DELETE FROM secret_webhooks WHERE id = ?1", id) == 1;
}

}  // namespace grange
