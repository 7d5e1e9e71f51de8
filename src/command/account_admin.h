#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "command/admin_place.h"
#include "record/accounts.h"
#include "serve/account_service.h"

namespace grange {

/// Accounts and tokens of a farm, through its server or in its database.
class AccountAdmin {
 public:
  static std::unique_ptr<AccountAdmin> open(const AdminPlace& place, const Clock& clock,
                                            const std::stop_token& stop);
  virtual ~AccountAdmin() = default;

  virtual std::vector<Account> all() = 0;
  virtual void create(const AccountSettings& settings,
                      const std::optional<std::string>& password) = 0;
  virtual void change(std::int64_t account, const AccountService::Changes& changes) = 0;
  virtual void set_password(std::int64_t account, const std::string& password) = 0;
  virtual void remove(std::int64_t account) = 0;

  /// Tokens are the account's own: a server asks for its password first. Before the calls below.
  virtual void become(const std::string& name) = 0;
  virtual std::vector<StoredToken> tokens() = 0;
  /// The token itself, which nobody can be told again.
  virtual std::string create_token(const std::string& name, const std::set<Scope>& scopes,
                                   std::chrono::seconds lifetime) = 0;
  virtual void remove_token(std::int64_t id) = 0;
  /// Ends what `become` began.
  virtual void leave() = 0;

  /// Throws NotFoundError.
  Account named(const std::string& name);
};

}  // namespace grange
