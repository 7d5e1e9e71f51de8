#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "database/database.h"

namespace grange {

/// What people say of an account.
struct AccountSettings {
  std::string name;  ///< see is_account_name; it stays
  std::string full_name;
  std::string email;
  std::vector<std::string> roles;  ///< by their names
  bool disabled = false;
  friend bool operator==(const AccountSettings&, const AccountSettings&) = default;
};

struct Account {
  std::int64_t id = 0;  ///< never given again, also not when it is deleted
  AccountSettings settings;
  TimePoint created{};
};

/// A cookie that somebody signed in with, without the cookie.
struct StoredSession {
  Account account;
  std::string csrf;
  TimePoint created{};
  TimePoint expires{};
};

/// A token of an account, without the token.
struct StoredToken {
  std::int64_t id = 0;
  std::int64_t account = 0;
  std::string name;
  std::vector<std::string> scopes;  ///< by their names
  TimePoint created{};
  std::optional<TimePoint> expires;
  std::optional<TimePoint> last_used;  ///< to about a minute
};

struct WebhookSecret {
  std::int64_t id = 0;
  std::string forge;  ///< "github", "gitea"
  std::string secret;
};

/// As a file declares it.
struct DeclaredWebhook {
  std::string forge;
  std::string secret;
};

/// [A-Za-z_][A-Za-z0-9_.@-]*, at most 100 characters.
bool is_account_name(std::string_view name);

/// The tables of accounts and of what proves to be one. Of cookies, tokens and setup links only
/// SHA-256 digests are kept; they are random, so nothing can be found from those. Calls that write
/// belong into the caller's transaction.
class Accounts {
 public:
  /// How old `last_used` of a token may be.
  static constexpr std::chrono::minutes kTokenUse{1};

  explicit Accounts(Database& database) : database_(database) {}

  // Accounts.

  /// By name.
  std::vector<Account> all();
  std::optional<Account> find(std::string_view name);
  std::optional<Account> find(std::int64_t id);
  /// Throws ConflictError when the name is taken, InvalidError when it is none.
  std::int64_t create(const AccountSettings& settings, TimePoint now);
  /// All but the name. One that is disabled loses its sessions.
  void update(const Account& account, const AccountSettings& settings);
  /// With everything that is its own. It is no project's owner or member any more: who gets the
  /// name later must not get the projects.
  void remove(const Account& account);
  /// Is there an account that is not disabled and has this role?
  bool has_with_role(std::string_view role);
  /// Until the transaction ends nobody else changes accounts: to be called before `has_with_role`
  /// is asked whether a change may be.
  void lock() { database_.lock("accounts"); }

  /// Argon2id as text; nothing: nobody can sign in by password.
  std::optional<std::string> password_hash(std::int64_t account);
  void set_password_hash(std::int64_t account, std::string_view hash);
  /// Only where the present one is `old`; was it?
  bool replace_password_hash(std::int64_t account, std::string_view old, std::string_view hash);

  // Sessions, by the digest of their cookie.

  /// The account's oldest sessions beyond `most` end.
  void create_session(const Sha256& digest, std::int64_t account, std::string_view csrf,
                      TimePoint now, TimePoint expires, std::size_t most);
  /// Nothing when it has expired, or its account is disabled.
  std::optional<StoredSession> find_session(const Sha256& digest, TimePoint now);
  void extend_session(const Sha256& digest, TimePoint expires);
  void remove_session(const Sha256& digest);
  /// All of an account, but for one where it is given.
  void remove_sessions(std::int64_t account, const std::optional<Sha256>& except = std::nullopt);

  // Tokens.

  struct NewToken {
    std::int64_t account = 0;
    std::string name;
    std::vector<std::string> scopes;
    std::optional<TimePoint> expires;
  };
  std::int64_t create_token(const Sha256& digest, const NewToken& token, TimePoint now);
  /// Of an account, the oldest first; those that have expired too.
  std::vector<StoredToken> tokens(std::int64_t account);
  /// Of everybody, by number, with the names of their accounts.
  std::vector<std::pair<StoredToken, std::string>> all_tokens();
  struct UsedToken {
    StoredToken token;
    Account account;
  };
  /// Nothing when it has expired, or its account is disabled.
  std::optional<UsedToken> find_token(const Sha256& digest, TimePoint now);
  /// Would note_token_use write? Ask it before a transaction is begun for that.
  static bool is_use_noted(const StoredToken& token, TimePoint now) {
    return token.last_used && *token.last_used + kTokenUse > now;
  }
  void note_token_use(std::int64_t id, TimePoint now);
  /// Was there one, of this account where one is given?
  bool remove_token(std::optional<std::int64_t> account, std::int64_t id);

  /// Removes sessions, setup links, and tokens a month after they have expired.
  void purge_expired(TimePoint now);

  // The one-time link of the first administrator.

  /// In the place of any other.
  void set_setup(const Sha256& digest, TimePoint expires);
  bool has_setup(const Sha256& digest, TimePoint now);
  /// Uses it up: true for one caller only. In the transaction that creates the administrator.
  bool take_setup(const Sha256& digest, TimePoint now);

  // What forges sign their calls with.

  std::vector<WebhookSecret> webhook_secrets();
  /// In the place of all that any file declared.
  void declare_webhook_secrets(std::string_view file, const std::vector<DeclaredWebhook>& secrets);
  std::int64_t add_webhook_secret(std::string_view forge, std::string_view secret);
  bool remove_webhook_secret(std::int64_t id);

 private:
  void set_roles(std::int64_t account, const std::vector<std::string>& roles);
  std::vector<std::string> roles(std::int64_t account);
  std::optional<Account> with_roles(std::optional<Account> account);

  Database& database_;
};

}  // namespace grange
