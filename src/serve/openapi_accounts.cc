#include "serve/openapi.h"

namespace grange {
namespace {

constexpr std::string_view kAccountsTag = "accounts";

template <typename Names>
shape::Json names_of(const Names& names) {
  std::vector<std::string_view> texts;
  for (const auto& [value, name] : names) texts.push_back(name);
  return shape::one_of(texts);
}

shape::Json roles_schema() {
  return shape::list_of(names_of(kRoles));
}

shape::Json scopes_schema() {
  return shape::list_of(names_of(kScopes));
}

shape::Json described_account_schema() {
  return shape::object({{"id", shape::integer()},
                        {"name", shape::text()},
                        {"fullName", shape::text()},
                        {"email", shape::text()},
                        {"roles", roles_schema()},
                        {"disabled", shape::flag()},
                        {"created", shape::time()}});
}

shape::Json described_token_schema() {
  return shape::object({{"id", shape::integer()},
                        {"name", shape::text()},
                        {"scopes", scopes_schema()},
                        {"created", shape::time()},
                        {"expires", shape::nullable(shape::time())},
                        {"lastUsed", shape::nullable(shape::time())},
                        shape::may_have("account", shape::text())});
}

shape::Json session_schema() {
  return shape::object({{"by", shape::one_of({"nobody", "session", "token"})},
                        {"account", shape::nullable(shape::ref("Account"))},
                        {"csrf", shape::nullable(shape::text())},
                        {"scopes", shape::nullable(scopes_schema())}});
}

void describe_sign_in(ApiDescription& api) {
  const auto text = shape::nullable(shape::text(500));
  api.add(RequestMethod::get, "/api/v1/session", "getSession", kAccountsTag, "Who asks")
      .answers(200, shape::ref("Session"))
      .refuses(403);
  api.add(RequestMethod::post, "/api/v1/session", "signIn", kAccountsTag, "Sign in")
      .for_nobody()
      .body(shape::object({{"name", shape::text()}, {"password", shape::text()}}))
      .answers(201, shape::ref("Session"))
      .refuses(429);
  api.add(RequestMethod::erase, "/api/v1/session", "signOut", kAccountsTag, "Sign out")
      .answers_with(204, "", "It is over.");
  api.add(RequestMethod::post, "/api/v1/setup", "makeAdministrator", kAccountsTag,
          "Make the first administrator, by the secret of the link that `grange serve` prints")
      .for_nobody()
      .body(shape::object({{"secret", shape::text()},
                           {"name", shape::text(500)},
                           {"password", shape::text()},
                           shape::may_have("fullName", text),
                           shape::may_have("email", text)}))
      .answers(201, shape::ref("Session"))
      .refuses(409)
      .refuses(429);
}

void describe_account_routes(ApiDescription& api) {
  constexpr std::string_view kOne = "/api/v1/accounts/{id}";
  const auto text = shape::nullable(shape::text(500));
  const auto roles = shape::nullable(roles_schema());
  api.add(RequestMethod::get, "/api/v1/accounts", "listAccounts", kAccountsTag, "All, by number")
      .needs(Permission::administer)
      .paged("after", shape::integer())
      .answers(200, shape::page_of("accounts", "Account"));
  api.add(RequestMethod::post, "/api/v1/accounts", "createAccount", kAccountsTag, "Make one")
      .needs(Permission::administer)
      .body(shape::object({{"name", shape::text(500)},
                           shape::may_have("fullName", text),
                           shape::may_have("email", text),
                           shape::may_have("roles", roles),
                           shape::may_have("password", shape::text())}))
      .answers(201, shape::ref("Account"))
      .refuses(409);
  api.add(RequestMethod::get, kOne, "getAccount", kAccountsTag, "One's own, or any")
      .needs_account(true)
      .answers(200, shape::ref("Account"));
  api.add(RequestMethod::patch, kOne, "changeAccount", kAccountsTag, "Change some of its fields")
      .about("One's own, or any for who administers; roles and `disabled` only then.")
      .needs_account(false)
      .body(shape::object({shape::may_have("fullName", text), shape::may_have("email", text),
                           shape::may_have("roles", roles),
                           shape::may_have("disabled", shape::nullable(shape::flag()))}))
      .answers(200, shape::ref("Account"))
      .refuses(409);
  api.add(RequestMethod::erase, kOne, "deleteAccount", kAccountsTag, "Delete it")
      .needs(Permission::administer)
      .answers_with(204, "", "It is gone.")
      .refuses(409);
  api.add(RequestMethod::put, "/api/v1/accounts/{id}/password", "setPassword", kAccountsTag,
          "Set its password; of one's own, with the present one")
      .needs_account(false)
      .body(shape::object({{"password", shape::text()},
                           shape::may_have("current", shape::nullable(shape::text()))}))
      .answers_with(204, "", "It is set; other sessions are over.")
      .refuses(429);
}

void describe_token_routes(ApiDescription& api) {
  api.add(RequestMethod::get, "/api/v1/tokens", "listTokens", kAccountsTag, "One's own tokens")
      .needs_account(true)
      .takes("all", shape::flag(), "Everybody's, for who administers: each says whose it is.")
      .paged("after", shape::integer())
      .answers(200, shape::page_of("tokens", "Token"));
  api.add(RequestMethod::post, "/api/v1/tokens", "createToken", kAccountsTag, "Make a token")
      .needs_account(false)
      .body(shape::object({{"name", shape::text(500)},
                           {"scopes", scopes_schema()},
                           shape::may_have("lifetime", shape::nullable(shape::described(
                                                           shape::integer(1), "Seconds.")))}))
      .answers(201, shape::with(described_token_schema(), {{"secret", shape::text()}}))
      .refuses(409);
  api.add(RequestMethod::erase, "/api/v1/tokens/{id}", "deleteToken", kAccountsTag,
          "End a token: one's own, or any for who administers")
      .needs_account(false)
      .answers_with(204, "", "It is gone.");
}

}  // namespace

void describe_accounts(ApiDescription& api) {
  api.schema("Account", described_account_schema());
  api.schema("Token", described_token_schema());
  api.schema("Session", session_schema());
  describe_sign_in(api);
  describe_account_routes(api);
  describe_token_routes(api);
}

}  // namespace grange
