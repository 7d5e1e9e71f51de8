#include "serve/account_service.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "http/http_server_fields.h"

namespace grange {
namespace {

/// So that what finds leaked secrets in texts can know one.
constexpr std::string_view kTokenPrefix = "grange_";
constexpr std::size_t kLongestToken = 200;

Identity identity_of(const Account& account, Identity::By by) {
  Identity identity;
  identity.by = by;
  identity.account = account.id;
  identity.name = account.settings.name;
  for (const auto& text : account.settings.roles) {
    // A role of another version allows nothing here.
    if (const auto role = parse_role(text)) identity.roles.insert(*role);
  }
  return identity;
}

/// The token of "Authorization: Bearer TOKEN"; nothing where the request has no such field. Other
/// schemes may be for somebody else, and are not looked at.
std::optional<std::string> bearer_token(const ServerRequest& request) {
  const auto field = request.headers.get("Authorization");
  const auto space = field.find(' ');
  if (!equal_ignoring_case(field.substr(0, space), "Bearer")) return std::nullopt;
  // One that is empty is a token, too, which is not good.
  return space == field.npos ? std::string() : std::string(trim(field.substr(space)));
}

/// What is worth doing but no reason to fail a request.
template <typename Action>
void if_possible(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    const bool is_passing =
        error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::conflict;
    if (!is_passing) throw;
  }
}

void require_administrator(Accounts& accounts) {
  if (accounts.has_with_role(to_string(Role::admin))) return;
  throw ConflictError("no administrator would be left");
}

Account found(Accounts& accounts, std::int64_t id) {
  auto account = accounts.find(id);
  if (!account) throw NotFoundError("there is no account " + std::to_string(id));
  return *std::move(account);
}

}  // namespace

AccountService::AccountService(DatabaseAccess database, const Clock& clock, AccountOptions options,
                               PasswordOptions passwords, ErrorReport report)
    : database_(std::move(database)),
      clock_(clock),
      options_(std::move(options)),
      report_(std::move(report)),
      passwords_(passwords) {}

Identity AccountService::identify(const ServerRequest& request) {
  if (const auto token = bearer_token(request)) return identify_token(*token);
  if (const auto digest = session_digest(request)) return identify_session(*digest);
  return {};
}

Identity AccountService::authorise(const ServerRequest& request) {
  auto identity = identify(request);
  refuse_forgery(request, identity, options_.site);
  return identity;
}

Identity AccountService::identify_token(std::string_view token) {
  const auto now = clock_.now();
  std::optional<Accounts::UsedToken> used;
  if (token.size() <= kLongestToken) {
    const auto digest = sha256(token);
    used = database_.read(
        [&](Database& database) { return Accounts(database).find_token(digest, now); });
  }
  if (!used) throw SignInError("the token is not known, or has expired");
  if (!Accounts::is_use_noted(used->token, now)) {
    if_possible([&] {
      database_.write(
          [&](Database& database) { Accounts(database).note_token_use(used->token.id, now); });
    });
  }
  auto identity = identity_of(used->account, Identity::By::token);
  for (const auto& text : used->token.scopes) {
    if (const auto scope = parse_scope(text)) identity.scopes.insert(*scope);
  }
  return identity;
}

Identity AccountService::identify_session(const Sha256& digest) {
  const auto now = clock_.now();
  const auto session = database_.read(
      [&](Database& database) { return Accounts(database).find_session(digest, now); });
  if (!session) return {};
  if (is_extension_due(session->created, session->expires, now, options_.sessions)) {
    const auto expires = session_expiry(session->created, now, options_.sessions);
    if_possible([&] {
      database_.write(
          [&](Database& database) { Accounts(database).extend_session(digest, expires); });
    });
  }
  auto identity = identity_of(session->account, Identity::By::session);
  identity.csrf = session->csrf;
  identity.session = digest;
  return identity;
}

std::string AccountService::client_address(const ServerRequest& request) const {
  if (options_.believe_forwarded_for) {
    const auto list = request.headers.list("X-Forwarded-For");
    const auto last = trim(std::string_view(list).substr(list.rfind(',') + 1));
    if (!last.empty()) return damping_address(last);
  }
  return damping_address(request.remote);
}

bool AccountService::try_password(const ServerRequest& request, const std::string& name,
                                  const std::optional<std::string>& hash, bool is_enabled,
                                  const std::string& password) {
  const auto address = client_address(request);
  if (const auto wait = damping_.begin(name, address, clock_.monotonic())) {
    throw TooManyTriesError(*wait);
  }
  bool is_right = false;
  try {
    is_right = passwords_.verify(hash, password);
  } catch (const UnavailableError&) {
    damping_.withdraw(name, address);
    throw;
  }
  if (!is_right || !is_enabled) return false;
  damping_.succeeded(name, address);
  return true;
}

AccountService::SignedIn AccountService::begin_session(Accounts& accounts, const Account& account,
                                                       const std::string& secret,
                                                       const std::string& csrf) {
  const auto now = clock_.now();
  const auto digest = sha256(secret);
  accounts.create_session(digest, account.id, csrf, now,
                          session_expiry(now, now, options_.sessions), options_.sessions_each);
  auto identity = identity_of(account, Identity::By::session);
  identity.csrf = csrf;
  identity.session = digest;
  return {account, std::move(identity), session_cookie(secret, options_.sessions, options_.site)};
}

std::optional<AccountService::SignedIn> AccountService::sign_in(const ServerRequest& request,
                                                                const std::string& name,
                                                                const std::string& password) {
  const auto [account, hash] = database_.read([&](Database& database) {
    Accounts accounts(database);
    auto one = accounts.find(name);
    auto its_hash = one ? accounts.password_hash(one->id) : std::nullopt;
    return std::make_pair(std::move(one), std::move(its_hash));
  });
  const bool is_enabled = account && !account->settings.disabled;
  if (!try_password(request, name, hash, is_enabled, password)) return std::nullopt;

  std::optional<std::string> rehashed;
  if (passwords_.needs_rehash(*hash) && !Passwords::problem_with(password)) {
    rehashed = passwords_.hash(password);
  }
  const std::string secret = random_secret();
  const std::string csrf = random_secret();
  // clang 14 captures no structured bindings.
  const auto id = account->id;
  const auto& checked = *hash;
  return database_.write([&](Database& database) -> std::optional<SignedIn> {
    Accounts accounts(database);
    // Neither may have changed while the password was being checked.
    const auto present = accounts.find(id);
    if (!present || present->settings.disabled || accounts.password_hash(id) != checked) {
      return std::nullopt;
    }
    if (rehashed) accounts.replace_password_hash(id, checked, *rehashed);
    accounts.purge_expired(clock_.now());
    if (const auto last = session_digest(request)) accounts.remove_session(*last);
    return begin_session(accounts, *present, secret, csrf);
  });
}

void AccountService::sign_out(const Identity& identity) {
  if (identity.by != Identity::By::session) return;
  database_.write([&](Database& database) { Accounts(database).remove_session(identity.session); });
}

std::optional<std::string> AccountService::new_setup_secret() {
  const auto secret = random_secret();
  const bool is_set = database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    if (accounts.has_with_role(to_string(Role::admin))) return false;
    accounts.set_setup(sha256(secret), clock_.now() + options_.setup);
    return true;
  });
  if (!is_set) return std::nullopt;
  return secret;
}

std::string AccountService::setup_link(const Url& base_url, std::string_view secret) {
  return base_url.append_path("setup").to_string() + "#" + std::string(secret);
}

AccountService::SignedIn AccountService::set_up(const std::string& secret, AccountSettings settings,
                                                const std::string& password) {
  const auto digest = sha256(secret);
  const auto refuse = [] {
    throw RefusedError("the link to set up this server has been used, or has expired");
  };
  // Before anything is computed.
  const bool is_known = database_.read(
      [&](Database& database) { return Accounts(database).has_setup(digest, clock_.now()); });
  if (!is_known) refuse();
  const auto hash = passwords_.hash(password);
  const auto cookie = random_secret();
  const auto csrf = random_secret();
  settings.roles = {std::string(to_string(Role::admin))};
  settings.disabled = false;
  return database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    if (!accounts.take_setup(digest, clock_.now())) refuse();
    if (accounts.has_with_role(to_string(Role::admin))) {
      throw ConflictError("there is an administrator already");
    }
    const auto id = accounts.create(settings, clock_.now());
    accounts.set_password_hash(id, hash);
    return begin_session(accounts, found(accounts, id), cookie, csrf);
  });
}

std::vector<Account> AccountService::accounts() {
  return database_.read([](Database& database) { return Accounts(database).all(); });
}

Account AccountService::account(std::int64_t id) {
  return database_.read([&](Database& database) {
    Accounts accounts(database);
    return found(accounts, id);
  });
}

Account AccountService::create(const AccountSettings& settings,
                               const std::optional<std::string>& password) {
  std::optional<std::string> hash;
  if (password) hash = passwords_.hash(*password);
  return database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    const auto id = accounts.create(settings, clock_.now());
    if (hash) accounts.set_password_hash(id, *hash);
    return found(accounts, id);
  });
}

Account AccountService::change(std::int64_t id, const Changes& changes) {
  return database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    const auto account = found(accounts, id);
    auto settings = account.settings;
    if (changes.full_name) settings.full_name = *changes.full_name;
    if (changes.email) settings.email = *changes.email;
    if (changes.roles) settings.roles = *changes.roles;
    if (changes.disabled) settings.disabled = *changes.disabled;
    accounts.update(account, settings);
    if (changes.roles || changes.disabled) require_administrator(accounts);
    return found(accounts, id);
  });
}

void AccountService::remove(std::int64_t id) {
  database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    accounts.remove(found(accounts, id));
    require_administrator(accounts);
  });
}

void AccountService::set_password(const Identity& asker, std::int64_t id,
                                  const std::string& password) {
  const auto hash = passwords_.hash(password);
  database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    accounts.set_password_hash(found(accounts, id).id, hash);
    const bool is_own = asker.by == Identity::By::session && asker.account == id;
    accounts.remove_sessions(id, is_own ? std::optional(asker.session) : std::nullopt);
  });
}

bool AccountService::is_own_password(const ServerRequest& request, const Identity& asker,
                                     const std::string& password) {
  const auto hash = database_.read(
      [&](Database& database) { return Accounts(database).password_hash(asker.account); });
  return try_password(request, asker.name, hash, true, password);
}

std::vector<StoredToken> AccountService::tokens(const Identity& asker) {
  return database_.read(
      [&](Database& database) { return Accounts(database).tokens(asker.account); });
}

std::vector<std::pair<StoredToken, std::string>> AccountService::all_tokens() {
  return database_.read([](Database& database) { return Accounts(database).all_tokens(); });
}

AccountService::CreatedToken AccountService::create_token(const Identity& asker,
                                                          const std::string& name,
                                                          const std::set<Scope>& scopes,
                                                          std::chrono::seconds lifetime) {
  CreatedToken created;
  created.secret = std::string(kTokenPrefix) + random_secret();
  auto& token = created.token;
  token.account = asker.account;
  token.name = name;
  for (const auto scope : scopes) token.scopes.emplace_back(to_string(scope));
  token.created = clock_.now();
  token.expires = token.created + lifetime;
  token.id = database_.write([&](Database& database) {
    Accounts accounts(database);
    accounts.lock();
    accounts.purge_expired(clock_.now());
    if (accounts.tokens(asker.account).size() >= options_.tokens_each) {
      throw ConflictError("the account has as many tokens as it may have: " +
                          std::to_string(options_.tokens_each));
    }
    return accounts.create_token(sha256(created.secret),
                                 {.account = token.account,
                                  .name = token.name,
                                  .scopes = token.scopes,
                                  .expires = token.expires},
                                 token.created);
  });
  return created;
}

void AccountService::remove_token(const Identity& asker, std::int64_t id) {
  const auto of = may(asker, Permission::administer) ? std::nullopt : std::optional(asker.account);
  const bool was_there =
      database_.write([&](Database& database) { return Accounts(database).remove_token(of, id); });
  if (!was_there) throw NotFoundError("there is no token " + std::to_string(id));
}

}  // namespace grange
