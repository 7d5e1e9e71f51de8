#include "serve/account_routes.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "http/http_server.h"
#include "http/http_server_test_client.h"
#include "record/accounts_testing.h"
#include "serve/accounts_testing.h"
#include "serve/openapi.h"

namespace grange {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kGoodPassword = "correct horse";

/// Who asks, and how it proves it.
struct Asker {
  std::string cookie;
  std::string csrf;
  std::string token;
};

/// A server with nothing but these routes, on loopback.
class AccountRoutesTest : public testing::Test {
 protected:
  AccountRoutesTest() {
    add_account_routes(router_, service_);
    HttpServerOptions options;
    options.io_threads = 1;
    server_.emplace(options, router_);
  }

  struct Answer {
    int status = 0;
    std::string head;
    json body;
    std::string cookie;  ///< that was set, with its name
  };

  Answer ask(const Asker& asker, std::string_view method, const std::string& path,
             const std::string& body = {}, std::string lines = {}) {
    if (!asker.cookie.empty()) lines += "Cookie: " + asker.cookie + "\r\n";
    if (!asker.csrf.empty()) lines += "X-CSRF-Token: " + asker.csrf + "\r\n";
    if (!asker.token.empty()) lines += "Authorization: Bearer " + asker.token + "\r\n";
    if (!body.empty()) lines += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    RawClient client(server_->port());
    const auto seen = client.ask(simple_request(method, path, lines) + body);
    Answer answer;
    answer.status = seen.status;
    answer.head = seen.head;
    answer.body = json::parse(seen.body, nullptr, /*allow_exceptions=*/false);
    constexpr std::string_view kSet = "Set-Cookie: ";
    if (const auto at = seen.head.find(kSet); at != std::string::npos) {
      const auto begin = at + kSet.size();
      answer.cookie = seen.head.substr(begin, seen.head.find(';', begin) - begin);
    }
    return answer;
  }

  Answer try_sign_in(const std::string& name, std::string_view password,
                     const std::string& lines = {}) {
    return ask({}, "POST", "/api/v1/session", json({{"name", name}, {"password", password}}).dump(),
               lines);
  }

  Asker sign_in(const std::string& name) {
    const auto answer = try_sign_in(name, kGoodPassword);
    EXPECT_EQ(answer.status, 201) << name;
    return {.cookie = answer.cookie, .csrf = answer.body.value("csrf", ""), .token = {}};
  }

  Asker with_scopes(const Asker& asker, const std::vector<std::string>& scopes) {
    const auto answer =
        ask(asker, "POST", "/api/v1/tokens", json({{"name", "t"}, {"scopes", scopes}}).dump());
    EXPECT_EQ(answer.status, 201);
    return {.cookie = {}, .csrf = {}, .token = answer.body.value("secret", "")};
  }

  std::int64_t add(const std::string& name, std::vector<std::string> roles = {}) {
    AccountSettings settings;
    settings.name = name;
    settings.roles = std::move(roles);
    return service_.create(settings, std::string(kGoodPassword)).id;
  }

  DatabaseAccess access() {
    return {[this](const DatabaseAccess::Use& use) {
              const MutexLock lock(mutex_);
              use(tables_.database());
            },
            [this](const DatabaseAccess::Use& use) {
              const MutexLock lock(mutex_);
              Transaction transaction(tables_.database());
              use(tables_.database());
              transaction.commit();
            }};
  }

  Mutex mutex_;
  FarmTablesForTests tables_;
  FakeClock clock_;
  AccountService service_{access(), clock_, {}, cheap_passwords()};
  Router router_;
  std::optional<HttpServer> server_;
};

TEST_F(AccountRoutesTest, AreAllDescribed) {
  const auto api = ApiDescription::of_all();
  for (const auto& route : router_.list()) {
    if (!ApiDescription::describes(route.pattern)) continue;
    EXPECT_NE(api.find(route.method, route.pattern), nullptr) << route.pattern;
  }
}

TEST_F(AccountRoutesTest, FromTheSetupLinkToSigningOut) {
  // The link of the first administrator.
  const auto old_secret = service_.new_setup_secret();
  const auto secret = service_.new_setup_secret();
  ASSERT_TRUE(secret);
  EXPECT_EQ(AccountService::setup_link(Url::parse("https://farm.example/"), "s"),
            "https://farm.example/setup#s");
  const auto set_up = [&](const std::string& with, const std::string& password) {
    return ask({}, "POST", "/api/v1/setup",
               json({{"secret", with}, {"name", "ada"}, {"password", password}}).dump());
  };
  EXPECT_EQ(set_up(*old_secret, "correct horse").status, 403);
  const auto refused = set_up(*secret, "short");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body["errors"]["password"], "specified at least 8 bytes, got 5");
  const auto created = set_up(*secret, "correct horse");
  ASSERT_EQ(created.status, 201);
  EXPECT_EQ(created.body["account"]["roles"], json({"admin"}));
  EXPECT_EQ(set_up(*secret, "correct horse").status, 403);
  EXPECT_FALSE(service_.new_setup_secret());

  // Signing in.
  EXPECT_EQ(try_sign_in("ada", "wrong horse").status, 401);
  EXPECT_EQ(try_sign_in("eve", "correct horse").status, 401);
  const auto ada = sign_in("ada");
  EXPECT_NE(ada.cookie, created.cookie);
  const auto who = ask(ada, "GET", "/api/v1/session");
  EXPECT_EQ(who.status, 200);
  EXPECT_EQ(who.body["by"], "session");
  EXPECT_EQ(who.body["account"]["name"], "ada");
  EXPECT_EQ(who.body["csrf"], ada.csrf);
  EXPECT_THAT(who.head, HasSubstr("Cache-Control: no-store"));

  // A token, and what it may.
  const auto reading = with_scopes(ada, {"read"});
  EXPECT_TRUE(reading.token.starts_with("grange_"));
  EXPECT_EQ(ask(reading, "GET", "/api/v1/session").body["scopes"], json({"read"}));
  EXPECT_EQ(ask(reading, "GET", "/current-user").body["username"], "ada");
  EXPECT_EQ(ask(reading, "GET", "/api/v1/accounts").status, 403);
  EXPECT_EQ(ask(reading, "POST", "/api/v1/tokens", R"({"name":"x","scopes":["admin"]})").status,
            403);
  EXPECT_EQ(ask(with_scopes(ada, {"admin"}), "GET", "/api/v1/accounts").status, 200);
  EXPECT_EQ(ask(with_scopes(ada, {"restart-jobs"}), "GET", "/current-user").status, 403);
  const auto listed = ask(ada, "GET", "/api/v1/tokens");
  ASSERT_EQ(listed.body["tokens"].size(), 3u);
  EXPECT_FALSE(listed.body["tokens"][0].contains("secret"));
  EXPECT_EQ(listed.body["tokens"][0]["lastUsed"], "1970-01-01T00:00:00.000000Z");

  // Forged requests.
  auto forged = ada;
  forged.csrf.clear();
  const std::string token_body = R"({"name":"x","scopes":["read"]})";
  EXPECT_EQ(ask(forged, "POST", "/api/v1/tokens", token_body).status, 403);
  EXPECT_EQ(ask(forged, "POST", "/api/v1/tokens", token_body, "Origin: null\r\n").status, 403);
  EXPECT_EQ(
      ask(forged, "POST", "/api/v1/tokens", token_body, "Origin: http://evil.test\r\n").status,
      403);
  EXPECT_EQ(ask(ada, "POST", "/api/v1/tokens", token_body, "Origin: http://evil.test\r\n").status,
            403);
  EXPECT_EQ(ask(forged, "POST", "/api/v1/tokens", token_body, "Referer: http://test\r\n").status,
            201);

  // A token that is taken back.
  const auto id = std::to_string(listed.body["tokens"][0]["id"].get<std::int64_t>());
  EXPECT_EQ(ask(ada, "DELETE", "/api/v1/tokens/" + id).status, 204);
  EXPECT_EQ(ask(ada, "DELETE", "/api/v1/tokens/" + id).status, 404);
  EXPECT_EQ(ask(reading, "GET", "/api/v1/session").status, 401);

  // Signing out.
  EXPECT_EQ(ask(forged, "DELETE", "/api/v1/session").status, 403);
  const auto out = ask(ada, "DELETE", "/api/v1/session");
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(out.cookie, "grange_session=");
  EXPECT_EQ(ask(ada, "GET", "/api/v1/session").body["by"], "nobody");
  EXPECT_EQ(ask(ada, "GET", "/api/v1/tokens").status, 401);
}

TEST_F(AccountRoutesTest, HydrasClientsSignIn) {
  add("ann", {"restart-jobs"});
  const std::string good = R"({"username":"ann","password":"correct horse"})";
  const auto answer = ask({}, "POST", "/login", good, "Referer: http://test\r\n");
  EXPECT_EQ(answer.status, 302);
  EXPECT_THAT(answer.head, HasSubstr("Location: /current-user\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("; HttpOnly; SameSite=Lax"));
  const json ann{
      {"username", "ann"}, {"fullname", ""}, {"emailaddress", ""}, {"userroles", {"restart-jobs"}}};
  EXPECT_EQ(answer.body, ann);
  const Asker asker{.cookie = answer.cookie, .csrf = {}, .token = {}};
  EXPECT_EQ(ask(asker, "GET", "/current-user").body, ann);
  EXPECT_EQ(ask({}, "GET", "/current-user").status, 403);

  const auto wrong = ask({}, "POST", "/login", R"({"username":"ann","password":"another"})");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_EQ(wrong.body, json({{"error", "the name or the password is wrong"}}));
  EXPECT_TRUE(wrong.cookie.empty());
  EXPECT_EQ(ask({}, "POST", "/login", good, "Referer: http://evil.test/\r\n").status, 403);

  EXPECT_EQ(ask(asker, "POST", "/logout").status, 403);
  EXPECT_EQ(ask(asker, "POST", "/logout", {}, "Referer: http://test/x\r\n").status, 204);
  EXPECT_EQ(ask(asker, "GET", "/current-user").status, 403);
  EXPECT_EQ(ask({}, "POST", "/logout").status, 204);
}

TEST_F(AccountRoutesTest, GuessingIsDamped) {
  add("ann");
  Answer answer;
  int tries = 0;
  while (tries < 100 && (answer = try_sign_in("ann", "a wrong one")).status == 401) ++tries;
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(tries, 6);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
  // What is right is not told either.
  EXPECT_EQ(try_sign_in("ann", kGoodPassword).status, 429);
  EXPECT_EQ(ask({}, "POST", "/login", R"({"username":"ann","password":"correct horse"})").status,
            429);
  clock_.advance(seconds(1));
  EXPECT_EQ(try_sign_in("ann", kGoodPassword).status, 201);
  EXPECT_EQ(try_sign_in("ann", "a wrong one").status, 401);
  // Names that are tried from one address.
  answer = {};
  for (tries = 0; tries < 100 && answer.status != 429; ++tries) {
    answer = try_sign_in("nobody" + std::to_string(tries), "a wrong one");
  }
  EXPECT_LT(tries, 30);
}

TEST_F(AccountRoutesTest, SessionsEndByThemselves) {
  add("ann");
  const auto by = [&](const Asker& asker) {
    return ask(asker, "GET", "/api/v1/session").body.value("by", "");
  };
  const auto idle = sign_in("ann");
  clock_.advance(hours(14 * 24));
  EXPECT_EQ(by(idle), "nobody");
  const auto used = sign_in("ann");
  for (int day = 0; day < 89; ++day) {
    clock_.advance(hours(24));
    ASSERT_EQ(by(used), "session") << day;
  }
  clock_.advance(hours(24));
  EXPECT_EQ(by(used), "nobody");
}

TEST_F(AccountRoutesTest, TokensEndByThemselves) {
  add("ann");
  const auto ann = sign_in("ann");
  const auto create = [&](const json& lifetime) {
    return ask(ann, "POST", "/api/v1/tokens",
               json({{"name", "t"}, {"scopes", {"read"}}, {"lifetime", lifetime}}).dump());
  };
  const auto created = create(60);
  EXPECT_EQ(created.body["expires"], "1970-01-01T00:01:00.000000Z");
  const Asker token{.cookie = {}, .csrf = {}, .token = created.body["secret"]};
  EXPECT_EQ(ask(token, "GET", "/api/v1/session").status, 200);
  clock_.advance(seconds(60));
  EXPECT_EQ(ask(token, "GET", "/api/v1/session").status, 401);
  EXPECT_EQ(create(0).status, 422);
  EXPECT_EQ(create(std::int64_t{1} << 40).status, 422);
  // Also what needs nobody to be signed in: it is not what the client believes it to be.
  EXPECT_EQ(ask({.cookie = {}, .csrf = {}, .token = "x"}, "GET", "/current-user").status, 401);
}

TEST_F(AccountRoutesTest, PasswordsAreChanged) {
  const auto id = add("ann");
  add("ada", {"admin"});
  const auto ann = sign_in("ann");
  const auto elsewhere = sign_in("ann");
  const std::string path = "/api/v1/accounts/" + std::to_string(id) + "/password";
  EXPECT_EQ(ask(ann, "PUT", path, R"({"password":"battery staple"})").status, 422);
  EXPECT_EQ(ask(ann, "PUT", path, R"({"password":"battery staple","current":"wrong"})").status,
            403);
  EXPECT_EQ(
      ask(ann, "PUT", path, R"({"password":"battery staple","current":"correct horse"})").status,
      204);
  EXPECT_EQ(ask(ann, "GET", "/api/v1/session").body["by"], "session");
  EXPECT_EQ(ask(elsewhere, "GET", "/api/v1/session").body["by"], "nobody");
  EXPECT_EQ(try_sign_in("ann", kGoodPassword).status, 401);
  EXPECT_EQ(try_sign_in("ann", "battery staple").status, 201);

  const auto ada = sign_in("ada");
  EXPECT_EQ(ask(ada, "PUT", path, R"({"password":"another staple"})").status, 204);
  EXPECT_EQ(ask(ann, "GET", "/api/v1/session").body["by"], "nobody");
  EXPECT_EQ(try_sign_in("ann", "another staple").status, 201);
}

TEST_F(AccountRoutesTest, AdministratorsKeepAccounts) {
  const auto ada_id = add("ada", {"admin"});
  const auto ada = sign_in("ada");
  const auto created = ask(ada, "POST", "/api/v1/accounts",
                           R"({"name":"ann","email":"a@b","roles":["cancel-build"],
                               "password":"correct horse"})");
  ASSERT_EQ(created.status, 201);
  const auto id = created.body["id"].get<std::int64_t>();
  const std::string path = "/api/v1/accounts/" + std::to_string(id);
  EXPECT_THAT(created.head, HasSubstr("Location: " + path));
  EXPECT_EQ(ask(ada, "POST", "/api/v1/accounts", R"({"name":"ann"})").status, 409);
  const auto wrong =
      ask(ada, "POST", "/api/v1/accounts", R"({"name":"a b","roles":["root"],"x":1})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(wrong.body["errors"].size(), 3u);

  const auto ann = sign_in("ann");
  EXPECT_EQ(ask(ann, "PATCH", path, R"({"fullName":"Ann"})").body["fullName"], "Ann");
  EXPECT_EQ(ask(ann, "PATCH", path, R"({"roles":["admin"]})").status, 403);
  EXPECT_EQ(ask(ann, "PATCH", path, R"({"disabled":false})").status, 403);
  EXPECT_EQ(ask(ada, "PATCH", path, R"({"disabled":true})").status, 200);
  EXPECT_EQ(ask(ann, "GET", "/api/v1/session").body["by"], "nobody");
  EXPECT_EQ(try_sign_in("ann", kGoodPassword).status, 401);
  EXPECT_EQ(ask(ada, "GET", "/api/v1/accounts").body["accounts"].size(), 2u);
  EXPECT_EQ(ask(ada, "DELETE", path).status, 204);
  EXPECT_EQ(ask(ada, "DELETE", path).status, 404);

  // One administrator is left.
  const std::string own = "/api/v1/accounts/" + std::to_string(ada_id);
  EXPECT_EQ(ask(ada, "DELETE", own).status, 409);
  EXPECT_EQ(ask(ada, "PATCH", own, R"({"roles":[]})").status, 409);
  EXPECT_EQ(ask(ada, "PATCH", own, R"({"disabled":true})").status, 409);
  EXPECT_EQ(ask(ada, "GET", own).body["roles"], json({"admin"}));
}

/// Every route that changes something or tells of accounts, asked in every way that is not enough.
TEST_F(AccountRoutesTest, WhoMayDoWhat) {
  const auto path = "/api/v1/accounts/" + std::to_string(add("victim"));
  add("ada", {"admin"});
  add("bob", {"create-projects", "restart-jobs", "bump-to-front", "cancel-build", "eval-jobset"});
  const auto ada = sign_in("ada");
  const auto bob = sign_in("bob");
  auto without_csrf = ada;
  without_csrf.csrf.clear();
  const std::vector<std::string> not_enough{"read",         "create-projects", "write-projects",
                                            "restart-jobs", "bump-to-front",   "cancel-build",
                                            "eval-jobset"};
  const auto other_scopes = with_scopes(ada, not_enough);
  auto bobs_scopes = not_enough;
  bobs_scopes.emplace_back("admin");
  const auto bobs_token = with_scopes(bob, bobs_scopes);

  struct Asked {
    std::string method;
    std::string path;
    std::string body;
    bool tells_of_account;  ///< others get 404
    bool changes;
  };
  const std::vector<Asked> all{
      {"GET", "/api/v1/accounts", "", false, false},
      {"POST", "/api/v1/accounts", R"({"name":"x"})", false, true},
      {"GET", path, "", true, false},
      {"PATCH", path, R"({"fullName":"x"})", true, true},
      {"PUT", path + "/password", R"({"password":"battery staple"})", true, true},
      {"DELETE", path, "", true, true},
  };
  for (const auto& one : all) {
    SCOPED_TRACE(one.method + " " + one.path);
    const auto status = [&](const Asker& asker) {
      return ask(asker, one.method, one.path, one.body).status;
    };
    const int hidden = one.tells_of_account ? 404 : 403;
    EXPECT_EQ(status({}), 401);
    EXPECT_EQ(status(bob), hidden);
    EXPECT_EQ(status(bobs_token), hidden);
    EXPECT_EQ(status(other_scopes), hidden);
    if (one.changes) {
      EXPECT_EQ(status(without_csrf), 403);
    }
  }
  const auto missing = ask(bob, "GET", "/api/v1/accounts/4711");
  auto refused = ask(bob, "GET", path);
  refused.body["instance"] = missing.body["instance"];
  EXPECT_EQ(refused.body, missing.body);

  for (const auto& one : all) {
    SCOPED_TRACE(one.method + " " + one.path);
    const auto answer = ask(with_scopes(ada, {"admin"}), one.method, one.path, one.body);
    EXPECT_GE(answer.status, 200);
    EXPECT_LT(answer.status, 300);
  }

  // What is only the account's own.
  for (const auto& [method, own_path, body] : std::vector<std::array<std::string, 3>>{
           {"POST", "/api/v1/tokens", R"({"name":"x","scopes":["read"]})"},
           {"DELETE", "/api/v1/tokens/1", ""}}) {
    SCOPED_TRACE(method + " " + own_path);
    EXPECT_EQ(ask({}, method, own_path, body).status, 401);
    EXPECT_EQ(ask(without_csrf, method, own_path, body).status, 403);
    EXPECT_EQ(ask(bobs_token, method, own_path, body).status, 403);
  }
  // Others' tokens are not there, but for who administers.
  EXPECT_EQ(ask(bob, "GET", "/api/v1/tokens?all=true").status, 403);
  EXPECT_EQ(ask(bob, "DELETE", "/api/v1/tokens/1").status, 404);
  const auto of_bob = ask(bob, "POST", "/api/v1/tokens", R"({"name":"b","scopes":["read"]})");
  const auto everybodys = ask(ada, "GET", "/api/v1/tokens?all=true").body["tokens"];
  EXPECT_EQ(everybodys.back()["account"], "bob");
  EXPECT_EQ(everybodys.back()["id"], of_bob.body["id"]);
  EXPECT_EQ(ask(ada, "DELETE", "/api/v1/tokens/" + of_bob.body["id"].dump()).status, 204);
}

TEST_F(AccountRoutesTest, BodiesAreBoundedAndRead) {
  add("ada", {"admin"});
  const auto ada = sign_in("ada");
  const auto status = [&](const std::string& body) {
    return ask(ada, "POST", "/api/v1/accounts", body).status;
  };
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("{"), 400);
  EXPECT_EQ(status("[]"), 400);
  EXPECT_EQ(status(R"({"name":"x","name":"x"})"), 400);
  EXPECT_EQ(status("{\"name\":\"\xff\"}"), 400);
  EXPECT_EQ(status("{\"x\":" + std::string(5000, '[')), 400);
  EXPECT_EQ(status(R"({"name":"x\u0000"})"), 400);
  EXPECT_EQ(status("{\"name\":\"" + std::string(100'000, 'x') + "\"}"), 413);
  EXPECT_EQ(status("{\"name\":\"" + std::string(10'000, 'x') + "\"}"), 422);
  const auto answer = ask(ada, "POST", "/api/v1/accounts", "{");
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/problem+json"));
  EXPECT_EQ(answer.body["status"], 400);
  EXPECT_EQ(ask({}, "POST", "/login", "{").body.size(), 1u);
  for (const char* id : {"0", "-1", "x", "99999999999999999999", "18446744073709551615"}) {
    EXPECT_EQ(ask(ada, "GET", std::string("/api/v1/accounts/") + id).status, 404) << id;
  }
}

TEST_F(AccountRoutesTest, DearerHashesTakeThePlaceOfOthers) {
  const auto id = add("ann");
  auto dearer = cheap_passwords();
  dearer.memory *= 2;
  AccountService service(access(), clock_, {}, dearer);
  const auto hash = [&] { return Accounts(tables_.database()).password_hash(id); };
  const auto before = hash();
  ServerRequest request;
  request.remote = "127.0.0.1:1";
  ASSERT_TRUE(service.sign_in(request, "ann", std::string(kGoodPassword)));
  const auto after = hash();
  EXPECT_NE(after, before);
  ASSERT_TRUE(service.sign_in(request, "ann", std::string(kGoodPassword)));
  EXPECT_EQ(hash(), after);
}

TEST_F(AccountRoutesTest, WhoAsksIsToldByTheServerInFront) {
  add("ann");
  AccountOptions options;
  options.believe_forwarded_for = true;
  AccountService service(access(), clock_, options, cheap_passwords());
  const auto try_from = [&](const std::string& forwarded, int number) {
    ServerRequest request;
    request.remote = "127.0.0.1:1";
    request.headers.add("X-Forwarded-For", forwarded);
    return service.sign_in(request, "nobody" + std::to_string(number), "a wrong one");
  };
  int number = 0;
  // What the client wrote itself stands before what the server in front adds.
  EXPECT_THROW(
      {
        for (; number < 100; ++number) {
          try_from(std::to_string(number) + ".1.1.1, 9.9.9.9", number);
        }
      },
      TooManyTriesError);
  EXPECT_FALSE(try_from("8.8.8.8", ++number));
}

}  // namespace
}  // namespace grange
