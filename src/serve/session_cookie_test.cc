#include "serve/session_cookie.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "serve/mutating_gets.h"

namespace grange {
namespace {

using std::chrono::hours;
using Fields = std::vector<std::pair<std::string, std::string>>;

ServerRequest cookie_request(RequestMethod method, std::string_view path, const Fields& fields) {
  ServerRequest request;
  request.method = method;
  request.target = RequestTarget::parse(path);
  request.headers.add("Host", "farm.example:3000");
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

SiteSettings site_at(std::string_view url) {
  return {.base_url = Url::parse(url), .behind_https = false};
}

TEST(SessionCookie, CookiesAreFoundAmongOthers) {
  const auto secret = random_secret();
  EXPECT_EQ(secret.size(), 64u);
  EXPECT_NE(random_secret(), secret);
  const auto digest_of = [](const Fields& fields) {
    return session_digest(cookie_request(RequestMethod::get, "/", fields));
  };
  EXPECT_EQ(digest_of({{"Cookie", "grange_session=" + secret}}), sha256(secret));
  EXPECT_EQ(digest_of({{"Cookie", "a=b; grange_session=" + secret + "; c"}}), sha256(secret));
  EXPECT_EQ(digest_of({{"Cookie", "a=b"}, {"cookie", "grange_session=" + secret}}), sha256(secret));
  EXPECT_FALSE(digest_of({}));
  EXPECT_FALSE(digest_of({{"Cookie", "grange_session="}}));
  EXPECT_FALSE(digest_of({{"Cookie", "grange_session=abc"}}));
  EXPECT_FALSE(digest_of({{"Cookie", "grange_session"}}));
  EXPECT_FALSE(digest_of({{"Cookie", "xgrange_session=" + secret}}));
  EXPECT_FALSE(digest_of({{"Cookie", ";;=;"}}));
}

TEST(SessionCookie, CookiesAreKeptFromScriptsAndOtherSites) {
  EXPECT_EQ(session_cookie("abc", {.idle = hours(1), .longest = hours(2)}, {}),
            "grange_session=abc; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax");
  EXPECT_TRUE(session_cookie("abc", {}, site_at("https://farm.example")).ends_with("; Secure"));
  EXPECT_TRUE(
      session_cookie("abc", {}, {.base_url = {}, .behind_https = true}).ends_with("; Secure"));
  EXPECT_FALSE(session_cookie("abc", {}, site_at("http://farm.example")).ends_with("; Secure"));
  EXPECT_EQ(ended_session_cookie({}), "grange_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

TEST(SessionCookie, UseExtendsSessionsUpToTheirLongest) {
  const SessionTimes times{.idle = hours(10), .longest = hours(25)};
  const auto at = [](int hour) { return TimePoint(hours(hour)); };
  EXPECT_EQ(session_expiry(at(0), at(0), times), at(10));
  EXPECT_EQ(session_expiry(at(0), at(20), times), at(25));
  EXPECT_FALSE(is_extension_due(at(0), at(10), at(0), times));
  EXPECT_FALSE(is_extension_due(at(0), at(10), at(0) + std::chrono::minutes(59), times));
  EXPECT_TRUE(is_extension_due(at(0), at(10), at(1), times));
  EXPECT_TRUE(is_extension_due(at(0), at(24), at(16), times));
  EXPECT_FALSE(is_extension_due(at(0), at(25), at(20), times));
}

TEST(SessionCookie, AClockThatJumpsKeepsSessionsWithinTheirLongest) {
  const SessionTimes times{.idle = hours(10), .longest = hours(25)};
  const auto at = [](int hour) { return TimePoint(hours(hour)); };
  // Back by a day: what is there already lasts longer than an extension would.
  EXPECT_EQ(session_expiry(at(24), at(0), times), at(10));
  EXPECT_FALSE(is_extension_due(at(24), at(34), at(0), times));
  // Forwards by a year: not beyond its longest, which is over.
  EXPECT_EQ(session_expiry(at(0), at(24 * 365), times), at(25));
}

TEST(RequestSite, IsToldByOriginOrReferer) {
  const auto told = [](const Fields& fields, const SiteSettings& site = {}) {
    return request_site(cookie_request(RequestMethod::post, "/", fields), site);
  };
  const auto own = RequestSite::own;
  const auto foreign = RequestSite::foreign;
  EXPECT_EQ(told({}), RequestSite::unsaid);
  EXPECT_EQ(told({{"Origin", "http://farm.example:3000"}}), own);
  EXPECT_EQ(told({{"Origin", "HTTP://FARM.example:3000"}}), own);
  EXPECT_EQ(told({{"Referer", "http://farm.example:3000"}}), own);
  EXPECT_EQ(told({{"Referer", "http://farm.example:3000/project/a?b=|^#c"}}), own);
  for (const char* origin :
       {"null", "", "http://farm.example", "http://farm.example:3001", "http://evil.example",
        "http://farm.example:3000.evil.example", "http://farm.example:3000@evil.example",
        "http://x@farm.example:3000", "ftp://farm.example:3000", "farm.example:3000",
        "//farm.example:3000", "http://"}) {
    EXPECT_EQ(told({{"Origin", origin}}), foreign) << origin;
    EXPECT_EQ(told({{"Referer", origin}}), foreign) << origin;
  }
  // The origin is what counts.
  EXPECT_EQ(told({{"Origin", "null"}, {"Referer", "http://farm.example:3000/"}}), foreign);
  EXPECT_EQ(told({{"Origin", "http://farm.example:3000"}, {"Origin", "http://evil.example"}}),
            foreign);
  EXPECT_EQ(told({{"Sec-Fetch-Site", "cross-site"}}), foreign);
  EXPECT_EQ(told({{"Sec-Fetch-Site", "same-site"}, {"Origin", "http://farm.example:3000"}}),
            foreign);
  EXPECT_EQ(told({{"Sec-Fetch-Site", "same-origin"}}), RequestSite::unsaid);
}

TEST(RequestSite, IsThatOfTheBaseUrlBehindAnotherServer) {
  const auto told = [](std::string_view origin, const SiteSettings& site) {
    return request_site(cookie_request(RequestMethod::post, "/", {{"Origin", std::string(origin)}}),
                        site);
  };
  const auto site = site_at("https://farm.example/base/");
  EXPECT_EQ(told("https://farm.example", site), RequestSite::own);
  EXPECT_EQ(told("https://farm.example:443", site), RequestSite::own);
  EXPECT_EQ(told("https://farm.example:3000", site), RequestSite::own);
  // Whoever is on the way can write what comes by http.
  EXPECT_EQ(told("http://farm.example", site), RequestSite::foreign);
  EXPECT_EQ(told("http://farm.example:3000", site), RequestSite::foreign);
  EXPECT_EQ(told("http://farm.example:3000", site_at("http://another.example")), RequestSite::own);
}

class ForgeryTest : public testing::Test {
 protected:
  bool passes(RequestMethod method, std::string_view path, const Fields& fields = {}) const {
    try {
      refuse_forgery(cookie_request(method, path, fields), identity_, {});
    } catch (const DeniedError&) {
      return false;
    }
    return true;
  }

  static constexpr std::array kChanging{RequestMethod::post, RequestMethod::put,
                                        RequestMethod::patch, RequestMethod::erase};
  Identity identity_;
};

TEST_F(ForgeryTest, SessionsMustProveWhereTheyComeFrom) {
  identity_.by = Identity::By::session;
  identity_.csrf = random_secret();
  for (const auto method : kChanging) {
    SCOPED_TRACE(to_string(method));
    EXPECT_FALSE(passes(method, "/x"));
    EXPECT_FALSE(passes(method, "/build/1/restart"));
    EXPECT_FALSE(passes(method, "/x", {{"X-CSRF-Token", ""}}));
    EXPECT_FALSE(passes(method, "/x", {{"X-CSRF-Token", random_secret()}}));
    EXPECT_TRUE(passes(method, "/x", {{"X-CSRF-Token", identity_.csrf}}));
    EXPECT_TRUE(passes(method, "/x", {{"Referer", "http://farm.example:3000"}}));
    EXPECT_TRUE(passes(method, "/x", {{"Origin", "http://farm.example:3000"}}));
    EXPECT_FALSE(passes(method, "/x", {{"Origin", "http://evil.example"}}));
    EXPECT_FALSE(passes(method, "/x", {{"Origin", "null"}, {"X-CSRF-Token", identity_.csrf}}));
  }
  identity_.csrf.clear();
  EXPECT_FALSE(passes(RequestMethod::post, "/x", {{"X-CSRF-Token", ""}}));
  EXPECT_TRUE(passes(RequestMethod::get, "/x", {{"Origin", "http://evil.example"}}));
  EXPECT_TRUE(passes(RequestMethod::head, "/x", {{"Sec-Fetch-Site", "cross-site"}}));
}

TEST_F(ForgeryTest, TokensNeedNoProof) {
  identity_.by = Identity::By::token;
  for (const auto method : kChanging) {
    EXPECT_TRUE(passes(method, "/x"));
    EXPECT_TRUE(passes(method, "/x", {{"Origin", "http://evil.example"}}));
  }
}

TEST_F(ForgeryTest, NobodyNeedsNoProofButMayNotComeFromElsewhere) {
  for (const auto method : kChanging) {
    EXPECT_TRUE(passes(method, "/login"));
    EXPECT_FALSE(passes(method, "/login", {{"Origin", "http://evil.example"}}));
    EXPECT_FALSE(passes(method, "/login", {{"Origin", "null"}}));
  }
}

TEST_F(ForgeryTest, HydrasClientsPutAndDeleteWithoutSayingWhereTheyComeFrom) {
  identity_.by = Identity::By::session;
  identity_.csrf = random_secret();
  for (const char* path : {"/project/a", "/jobset/a/b", "/api/push"}) {
    SCOPED_TRACE(path);
    EXPECT_TRUE(passes(RequestMethod::put, path));
    EXPECT_FALSE(passes(RequestMethod::post, path));
    EXPECT_FALSE(passes(RequestMethod::put, path, {{"Origin", "http://evil.example"}}));
    EXPECT_FALSE(passes(RequestMethod::put, path, {{"Sec-Fetch-Site", "same-site"}}));
  }
  EXPECT_TRUE(passes(RequestMethod::erase, "/jobset/a/b"));
  EXPECT_FALSE(passes(RequestMethod::erase, "/jobset/a/b", {{"Origin", "null"}}));
  EXPECT_FALSE(passes(RequestMethod::erase, "/api/push"));
  EXPECT_FALSE(passes(RequestMethod::put, "/projects/a"));
  EXPECT_FALSE(passes(RequestMethod::put, "/api/v1/projects/a"));
}

TEST_F(ForgeryTest, GetsThatChangeSomethingAreTheOnlyExceptions) {
  identity_.by = Identity::By::session;
  identity_.csrf = random_secret();
  for (const auto& one : mutating_gets()) {
    std::string path(one.pattern);
    while (path.find('{') != path.npos) {
      path.replace(path.find('{'), path.find('}') - path.find('{') + 1, "1");
    }
    SCOPED_TRACE(path);
    ASSERT_EQ(find_mutating_get(path), &one);
    EXPECT_NE(one.permission, Permission::read);
    EXPECT_TRUE(passes(RequestMethod::get, path));
    EXPECT_FALSE(passes(RequestMethod::head, path));
    EXPECT_FALSE(passes(RequestMethod::get, path, {{"Referer", "http://evil.example/"}}));
    EXPECT_FALSE(passes(RequestMethod::get, path, {{"Sec-Fetch-Site", "cross-site"}}));
    EXPECT_FALSE(passes(RequestMethod::post, path));
  }
  for (const char* path : {"/", "/build", "/build/1", "/build/1/restart/2", "/build/1/log",
                           "/eval/1", "/admin/users", "/builds/1/restart", "/build//restart"}) {
    EXPECT_EQ(find_mutating_get(path), nullptr) << path;
  }
}

TEST(EqualSecrets, AreOfOneLengthToo) {
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_FALSE(equal_secrets("abc", "abd"));
  EXPECT_FALSE(equal_secrets("abc", "abcd"));
  EXPECT_TRUE(equal_secrets("", ""));
}

}  // namespace
}  // namespace grange
