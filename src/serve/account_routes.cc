#include "serve/account_routes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/account_json.h"
#include "serve/json_body.h"
#include "serve/page_request.h"

namespace grange {
namespace {

constexpr std::size_t kAccountBody = 64 * 1024;
constexpr std::size_t kLongestAccountText = 500;
/// Also of what cannot be one, so that it is refused as wrong and not as too long.
constexpr std::size_t kLongestSecretText = 4096;

ServerResponse account_answer(int status, const nlohmann::json& value) {
  return json_response(status, print_json(value));
}

/// A page of them, by number.
template <typename Row>
ServerResponse whole_list(const HandlerCall& call, std::string_view name, std::vector<Row> rows,
                          nlohmann::json (*print)(const Row&)) {
  const auto& target = call.request.target;
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
  return account_answer(200, page_of_whole<nlohmann::json>(
                                 target, name, rows, page_limit(target, 1000, 1000),
                                 [](const Row& row) { return row.id; }, print));
}

ServerResponse no_content() {
  ServerResponse response;
  response.status = 204;
  response.headers.set("Cache-Control", "no-store");
  return response;
}

ServerResponse signed_out(AccountService& service) {
  auto response = no_content();
  response.headers.set("Set-Cookie", ended_session_cookie(service.options().site));
  return response;
}

/// The fields of the body; throws InvalidFieldsError when one is wrong.
template <typename Take>
void take_fields(const HandlerCall& call, Take&& take) {
  const auto body = parse_json_body(call.text, {.size = kAccountBody});
  FieldErrors errors;
  JsonFields fields(body, errors);
  take(fields);
  fields.end();
  errors.check();
}

std::string take_password(JsonFields& fields) {
  auto password = fields.text("password", kLongestSecretText);
  if (const auto problem = Passwords::problem_with(password)) fields.refuse("password", *problem);
  return password;
}

std::string take_account_name(JsonFields& fields) {
  auto name = fields.text("name", kLongestAccountText);
  if (!is_account_name(name)) {
    fields.refuse("name",
                  "specified letters, digits, '_', '.', '@' and '-', at most 100, a letter or '_' "
                  "first; got '" +
                      printable(name.substr(0, 100)) + "'");
  }
  return name;
}

std::optional<std::vector<std::string>> take_roles(JsonFields& fields) {
  auto roles = fields.optional_texts("roles", kRoles.size(), kLongestAccountText);
  for (const auto& role : roles.value_or(std::vector<std::string>())) {
    if (!parse_role(role)) fields.refuse("roles", "there is no role '" + printable(role) + "'");
  }
  return roles;
}

std::set<Scope> take_scopes(JsonFields& fields) {
  std::set<Scope> scopes;
  for (const auto& text : fields.texts("scopes", kScopes.size(), kLongestAccountText)) {
    const auto scope = parse_scope(text);
    if (scope) {
      scopes.insert(*scope);
    } else {
      fields.refuse("scopes", "there is no scope '" + printable(text) + "'");
    }
  }
  if (scopes.empty()) fields.refuse("scopes", "specified at least one, got none");
  return scopes;
}

/// The number in the path; what is none names nothing.
std::int64_t captured_id(const HandlerCall& call) {
  const auto number = parse_number(call.capture("id"));
  if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw NotFoundError("this is no number of anything");
  }
  return static_cast<std::int64_t>(*number);
}

/// For what is only the account's own to do.
void require_session(const Identity& identity) {
  if (identity.is_anonymous()) throw SignInError("this is only for who is signed in");
  if (identity.by != Identity::By::session) {
    throw RefusedError("this is only for who is signed in with a password, not for tokens");
  }
}

void require_own_reading(const Identity& identity) {
  if (identity.is_anonymous()) throw SignInError("this is only for who is signed in");
  if (!identity.allows(Scope::read)) throw RefusedError("the token lacks the scope 'read'");
}

/// Of accounts that are not one's own, nobody else learns whether they are there.
void require_known_account(const Identity& identity, std::int64_t id) {
  if (identity.is_anonymous()) throw SignInError("this is only for who is signed in");
  if (identity.account == id || may(identity, Permission::administer)) return;
  throw NotFoundError(fmt::format("there is no account {}", id));
}

// Signing in and out.

ServerResponse hydra_login(AccountService& service, const HandlerCall& call) {
  refuse_forgery(call.request, {}, service.options().site);
  std::string name;
  std::string password;
  take_fields(call, [&](JsonFields& fields) {
    name = fields.text("username", kLongestAccountText);
    password = fields.text("password", kLongestSecretText);
  });
  const auto signed_in = service.sign_in(call.request, name, password);
  if (!signed_in) throw RefusedError("the name or the password is wrong");
  auto response = account_answer(302, account_to_hydra_json(signed_in->account));
  const auto& base_url = service.options().site.base_url;
  const std::string path = base_url ? base_url->path() : std::string();
  response.headers.set(
      "Location", (path.ends_with('/') ? path.substr(0, path.size() - 1) : path) + "/current-user");
  response.headers.set("Set-Cookie", signed_in->cookie);
  return response;
}

ServerResponse sign_out(AccountService& service, const HandlerCall& call) {
  service.sign_out(service.authorise(call.request));
  return signed_out(service);
}

ServerResponse hydra_current_user(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  if (identity.is_anonymous()) throw RefusedError("nobody is signed in");
  require_own_reading(identity);
  return account_answer(200, account_to_hydra_json(service.account(identity.account)));
}

ServerResponse show_session(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  if (identity.is_anonymous()) return account_answer(200, session_to_json(identity, nullptr));
  require_own_reading(identity);
  const auto account = service.account(identity.account);
  return account_answer(200, session_to_json(identity, &account));
}

ServerResponse begun_session(const AccountService::SignedIn& signed_in) {
  auto response = account_answer(201, session_to_json(signed_in.identity, &signed_in.account));
  response.headers.set("Set-Cookie", signed_in.cookie);
  return response;
}

ServerResponse create_session(AccountService& service, const HandlerCall& call) {
  refuse_forgery(call.request, {}, service.options().site);
  std::string name;
  std::string password;
  take_fields(call, [&](JsonFields& fields) {
    name = fields.text("name", kLongestAccountText);
    password = fields.text("password", kLongestSecretText);
  });
  const auto signed_in = service.sign_in(call.request, name, password);
  if (!signed_in) throw SignInError("the name or the password is wrong");
  return begun_session(*signed_in);
}

ServerResponse set_up(AccountService& service, const HandlerCall& call) {
  refuse_forgery(call.request, {}, service.options().site);
  std::string secret;
  AccountSettings settings;
  std::string password;
  take_fields(call, [&](JsonFields& fields) {
    secret = fields.text("secret", kLongestSecretText);
    settings.name = take_account_name(fields);
    settings.full_name = fields.optional_text("fullName", kLongestAccountText).value_or("");
    settings.email = fields.optional_text("email", kLongestAccountText).value_or("");
    password = take_password(fields);
  });
  return begun_session(service.set_up(secret, std::move(settings), password));
}

// Accounts.

ServerResponse list_accounts(AccountService& service, const HandlerCall& call) {
  require(service.authorise(call.request), Permission::administer);
  return whole_list(call, "accounts", service.accounts(), account_to_json);
}

ServerResponse create_account(AccountService& service, const HandlerCall& call) {
  require(service.authorise(call.request), Permission::administer);
  AccountSettings settings;
  std::optional<std::string> password;
  take_fields(call, [&](JsonFields& fields) {
    settings.name = take_account_name(fields);
    settings.full_name = fields.optional_text("fullName", kLongestAccountText).value_or("");
    settings.email = fields.optional_text("email", kLongestAccountText).value_or("");
    settings.roles = take_roles(fields).value_or(std::vector<std::string>());
    if (fields.has("password")) password = take_password(fields);
  });
  const auto account = service.create(settings, password);
  auto response = account_answer(201, account_to_json(account));
  response.headers.set("Location", fmt::format("/api/v1/accounts/{}", account.id));
  return response;
}

ServerResponse show_account(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  const auto id = captured_id(call);
  require_known_account(identity, id);
  if (!may(identity, Permission::administer)) require_own_reading(identity);
  return account_answer(200, account_to_json(service.account(id)));
}

ServerResponse change_account(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  const auto id = captured_id(call);
  require_known_account(identity, id);
  if (!may(identity, Permission::administer)) require_session(identity);
  AccountService::Changes changes;
  take_fields(call, [&](JsonFields& fields) {
    changes.full_name = fields.optional_text("fullName", kLongestAccountText);
    changes.email = fields.optional_text("email", kLongestAccountText);
    changes.roles = take_roles(fields);
    changes.disabled = fields.optional_flag("disabled");
  });
  // Nobody gives themselves anything.
  if (changes.roles || changes.disabled) require(identity, Permission::administer);
  return account_answer(200, account_to_json(service.change(id, changes)));
}

ServerResponse delete_account(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  const auto id = captured_id(call);
  require_known_account(identity, id);
  require(identity, Permission::administer);
  service.remove(id);
  return no_content();
}

ServerResponse change_password(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  const auto id = captured_id(call);
  require_known_account(identity, id);
  // Who knows only the cookie, or has only a token, must not become the account for good.
  const bool is_own = identity.account == id;
  if (is_own) require_session(identity);
  std::string password;
  std::optional<std::string> current;
  take_fields(call, [&](JsonFields& fields) {
    password = take_password(fields);
    current = fields.optional_text("current", kLongestSecretText);
    if (is_own && !current) fields.refuse("current", "the present password is specified, got none");
  });
  if (is_own && !service.is_own_password(call.request, identity, *current)) {
    throw RefusedError("the present password is wrong");
  }
  service.set_password(identity, id, password);
  return no_content();
}

// Tokens.

/// A token of anybody's, with whose it is.
struct KnownToken {
  std::int64_t id = 0;
  StoredToken token;
  std::string account;
};

nlohmann::json known_token_to_json(const KnownToken& known) {
  auto value = token_to_json(known.token);
  value["account"] = known.account;
  return value;
}

ServerResponse list_tokens(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  if (flag_parameter(call.request.target, "all").value_or(false)) {
    require(identity, Permission::administer);
    std::vector<KnownToken> known;
    for (auto& [token, account] : service.all_tokens()) {
      const auto id = token.id;
      known.push_back({id, std::move(token), std::move(account)});
    }
    return whole_list(call, "tokens", std::move(known), known_token_to_json);
  }
  require_own_reading(identity);
  return whole_list(call, "tokens", service.tokens(identity), token_to_json);
}

ServerResponse create_token(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  require_session(identity);
  const auto& options = service.options();
  std::string name;
  std::set<Scope> scopes;
  std::chrono::seconds lifetime = options.token_default;
  take_fields(call, [&](JsonFields& fields) {
    name = fields.text("name", kLongestAccountText);
    if (name.empty()) fields.refuse("name", "specified a name, got an empty one");
    scopes = take_scopes(fields);
    const auto seconds = fields.optional_integer("lifetime", 1, options.token_longest.count());
    if (seconds) lifetime = std::chrono::seconds(*seconds);
  });
  const auto created = service.create_token(identity, name, scopes, lifetime);
  auto value = token_to_json(created.token);
  value["secret"] = created.secret;
  return account_answer(201, value);
}

ServerResponse delete_token(AccountService& service, const HandlerCall& call) {
  const auto identity = service.authorise(call.request);
  require_session(identity);
  service.remove_token(identity, captured_id(call));
  return no_content();
}

using AccountHandler = ServerResponse (*)(AccountService&, const HandlerCall&);

struct AccountRoute {
  RequestMethod method;
  std::string_view pattern;
  ErrorForm form;
  AccountHandler handler;
};

constexpr std::array kAccountRoutes{
    AccountRoute{RequestMethod::post, "/login", ErrorForm::hydra, hydra_login},
    AccountRoute{RequestMethod::post, "/logout", ErrorForm::hydra, sign_out},
    AccountRoute{RequestMethod::get, "/current-user", ErrorForm::hydra, hydra_current_user},
    AccountRoute{RequestMethod::get, "/api/v1/session", ErrorForm::problem, show_session},
    AccountRoute{RequestMethod::post, "/api/v1/session", ErrorForm::problem, create_session},
    AccountRoute{RequestMethod::erase, "/api/v1/session", ErrorForm::problem, sign_out},
    AccountRoute{RequestMethod::post, "/api/v1/setup", ErrorForm::problem, set_up},
    AccountRoute{RequestMethod::get, "/api/v1/accounts", ErrorForm::problem, list_accounts},
    AccountRoute{RequestMethod::post, "/api/v1/accounts", ErrorForm::problem, create_account},
    AccountRoute{RequestMethod::get, "/api/v1/accounts/{id}", ErrorForm::problem, show_account},
    AccountRoute{RequestMethod::patch, "/api/v1/accounts/{id}", ErrorForm::problem, change_account},
    AccountRoute{RequestMethod::erase, "/api/v1/accounts/{id}", ErrorForm::problem, delete_account},
    AccountRoute{RequestMethod::put, "/api/v1/accounts/{id}/password", ErrorForm::problem,
                 change_password},
    AccountRoute{RequestMethod::get, "/api/v1/tokens", ErrorForm::problem, list_tokens},
    AccountRoute{RequestMethod::post, "/api/v1/tokens", ErrorForm::problem, create_token},
    AccountRoute{RequestMethod::erase, "/api/v1/tokens/{id}", ErrorForm::problem, delete_token},
};

}  // namespace

void add_account_routes(Router& router, AccountService& service) {
  for (const auto& route : kAccountRoutes) {
    Handling handling;
    handling.body = BodyMode::text;
    handling.body_limit = kAccountBody;
    handling.run = [&service, handler = route.handler](HandlerCall& call) {
      return handler(service, call);
    };
    router.add(route.method, route.pattern,
               answering(route.form, service.report(), std::move(handling)));
  }
}

}  // namespace grange
