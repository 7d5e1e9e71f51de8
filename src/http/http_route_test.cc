#include "http/http_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(PathPatternTest, Captures) {
  const auto narinfo = PathPattern::parse("/{hash}.narinfo");
  EXPECT_THAT(*narinfo.match("/abc.narinfo"), ElementsAre(Pair("hash", "abc")));
  EXPECT_FALSE(narinfo.match("/.narinfo"));
  EXPECT_FALSE(narinfo.match("/abc.narinfo/"));
  EXPECT_FALSE(narinfo.match("/x/abc.narinfo"));
  const auto two = PathPattern::parse("/a/{b}/c-{d}");
  EXPECT_THAT(*two.match("/a/1/c-2"), ElementsAre(Pair("b", "1"), Pair("d", "2")));
  EXPECT_FALSE(two.match("/a//c-2"));
  const auto rest = PathPattern::parse("/log/{name*}");
  EXPECT_THAT(*rest.match("/log/a/b/"), ElementsAre(Pair("name", "a/b/")));
  EXPECT_THAT(*rest.match("/log/"), ElementsAre(Pair("name", "")));
  EXPECT_FALSE(rest.match("/log"));
  EXPECT_TRUE(PathPattern::parse("/").match("/"));
  EXPECT_FALSE(PathPattern::parse("/").match("/a"));
}

TEST(PathPatternTest, RefusesMalformedOnes) {
  for (const char* text : {"", "a", "/{", "/{}", "/{a}{b}", "/}", "/{a*}/b", "/{a*}b", "/{*}"}) {
    EXPECT_THROW(PathPattern::parse(text), InvalidError) << text;
  }
}

TEST(RouterTest, TellsItsRoutes) {
  Router router;
  router.add(RequestMethod::get, "/a/{b}", {}).add(RequestMethod::put, "/a/{rest*}", {});
  const auto listed = router.list();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].pattern, "/a/{b}");
  EXPECT_EQ(listed[1].method, RequestMethod::put);
}

TEST(RouterTest, FindsTheFirstThatFitsOrSaysWhatIsAllowed) {
  const auto answer = [](int status) {
    Handling handling;
    handling.run = [status](HandlerCall&) { return text_response(status, ""); };
    return handling;
  };
  Router router;
  router.add(RequestMethod::get, "/a", answer(201))
      .add(RequestMethod::put, "/a", answer(202))
      .add(RequestMethod::get, "/{x}", answer(203));
  const auto ask = [&](RequestMethod method, const char* path) {
    ServerRequest request;
    request.method = method;
    request.target = RequestTarget::parse(path);
    Handling handling = router.route(request);
    HandlerCall call{.request = request, .captured = handling.captured, .text = {}, .stop = {}};
    return handling.run(call);
  };
  EXPECT_EQ(ask(RequestMethod::get, "/a").status, 201);
  EXPECT_EQ(ask(RequestMethod::head, "/a").status, 201);
  EXPECT_EQ(ask(RequestMethod::put, "/a").status, 202);
  EXPECT_EQ(ask(RequestMethod::get, "/b").status, 203);
  EXPECT_EQ(ask(RequestMethod::get, "/b/c").status, 404);
  const auto refused = ask(RequestMethod::erase, "/a");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("Allow"), "GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(ask(RequestMethod::options, "/a").status, 204);
}

}  // namespace
}  // namespace grange
