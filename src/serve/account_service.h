#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "record/accounts.h"
#include "serve/damping.h"
#include "serve/database_access.h"
#include "serve/identity.h"
#include "serve/password.h"
#include "serve/problem.h"
#include "serve/session_cookie.h"

namespace grange {

struct AccountOptions {
  SiteSettings site{};
  SessionTimes sessions{};
  std::size_t sessions_each = 50;  ///< of one account; the oldest end
  std::size_t tokens_each = 100;
  std::chrono::seconds token_default{std::chrono::hours(90 * 24)};
  std::chrono::seconds token_longest{std::chrono::hours(366 * 24)};
  std::chrono::seconds setup{std::chrono::hours(24)};
  /// What stands in front says in X-Forwarded-For who asks (the last one that it names). Only where
  /// nobody else can reach the server.
  bool believe_forwarded_for = false;
};

/// Who asks, signing in and out, and changing accounts and tokens. Thread safe; it waits for the
/// database and computes hashes, so not for an io thread. Whether somebody may is asked of the
/// caller with `require` (identity.h), but for what only concerns the own account.
class AccountService {
 public:
  AccountService(DatabaseAccess database, const Clock& clock, AccountOptions options,
                 PasswordOptions passwords = {}, ErrorReport report = {});

  const AccountOptions& options() const { return options_; }
  const ErrorReport& report() const { return report_; }

  /// Who asks: by token where there is one, else by cookie. A cookie that is no longer good is
  /// nobody's; a token that is not good throws SignInError. Extends sessions, and notes the use of
  /// tokens.
  Identity identify(const ServerRequest& request);
  /// The same, and throws RefusedError for what another site may have made a browser send
  /// (refuse_forgery). Every handler begins with it.
  Identity authorise(const ServerRequest& request);

  struct SignedIn {
    Account account;
    Identity identity;
    std::string cookie;  ///< for Set-Cookie
  };
  /// Nothing: the name or the password is wrong, or the account is disabled. Throws
  /// TooManyTriesError. The session that the request has ends.
  std::optional<SignedIn> sign_in(const ServerRequest& request, const std::string& name,
                                  const std::string& password);
  void sign_out(const Identity& identity);

  /// While there is no administrator: a new secret in the place of the last one, to be shown once.
  /// Nothing where there is one.
  std::optional<std::string> new_setup_secret();
  /// What is printed: BASE/setup#SECRET; what is behind the "#" gets into no log.
  static std::string setup_link(const Url& base_url, std::string_view secret);
  /// Creates the administrator, whose roles are set here, and signs in. Throws RefusedError for a
  /// secret that is not good (any more), ConflictError when there is an administrator.
  SignedIn set_up(const std::string& secret, AccountSettings settings, const std::string& password);

  std::vector<Account> accounts();
  /// Throws NotFoundError.
  Account account(std::int64_t id);
  /// Without a password nobody can sign in. Throws ConflictError when the name is taken.
  Account create(const AccountSettings& settings, const std::optional<std::string>& password);
  struct Changes {
    std::optional<std::string> full_name;
    std::optional<std::string> email;
    std::optional<std::vector<std::string>> roles;
    std::optional<bool> disabled;
  };
  /// Throws ConflictError where no administrator would be left, also `remove`.
  Account change(std::int64_t id, const Changes& changes);
  void remove(std::int64_t id);
  /// The account's other sessions than the asker's end.
  void set_password(const Identity& asker, std::int64_t id, const std::string& password);
  /// Is it the asker's own password? Throws TooManyTriesError.
  bool is_own_password(const ServerRequest& request, const Identity& asker,
                       const std::string& password);

  std::vector<StoredToken> tokens(const Identity& asker);
  /// Everybody's, with the names of their accounts.
  std::vector<std::pair<StoredToken, std::string>> all_tokens();
  struct CreatedToken {
    StoredToken token;
    std::string secret;  ///< shown once
  };
  /// Throws ConflictError when the account has too many.
  CreatedToken create_token(const Identity& asker, const std::string& name,
                            const std::set<Scope>& scopes, std::chrono::seconds lifetime);
  /// The asker's own, or anybody's where they may administer. Throws NotFoundError.
  void remove_token(const Identity& asker, std::int64_t id);

  TimePoint now() const { return clock_.now(); }

 private:
  Identity identify_token(std::string_view token);
  Identity identify_session(const Sha256& digest);
  std::string client_address(const ServerRequest& request) const;
  /// Is it the password of this hash? Damped.
  bool try_password(const ServerRequest& request, const std::string& name,
                    const std::optional<std::string>& hash, bool is_enabled,
                    const std::string& password);
  /// In the caller's transaction.
  SignedIn begin_session(Accounts& accounts, const Account& account, const std::string& secret,
                         const std::string& csrf);

  const DatabaseAccess database_;
  const Clock& clock_;
  const AccountOptions options_;
  const ErrorReport report_;
  Passwords passwords_;
  SignInDamping damping_;
};

}  // namespace grange
