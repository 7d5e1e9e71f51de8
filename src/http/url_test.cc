#include "http/url.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(UrlTest, ReadsAllParts) {
  const auto url =
      Url::parse("HTTPS://me%40home:p%3aw@Cache.Example.org:8443/a%2Fb/c?x=1&y&z=&x=%20+");
  EXPECT_EQ(url.scheme(), "https");
  EXPECT_EQ(url.user(), "me@home");
  EXPECT_EQ(url.password(), "p:w");
  EXPECT_EQ(url.host(), "cache.example.org");
  EXPECT_EQ(url.port(), 8443);
  EXPECT_EQ(url.path(), "/a%2Fb/c");
  EXPECT_EQ(url.decoded_path(), "/a/b/c");
  const std::vector<QueryParameter> query{{"x", "1"}, {"y", std::nullopt}, {"z", ""}, {"x", " +"}};
  EXPECT_EQ(url.query(), query);
  EXPECT_EQ(url.query_value("x"), "1");
  EXPECT_EQ(url.query_value("y"), "");
  EXPECT_EQ(url.query_value("w"), std::nullopt);
  EXPECT_EQ(url.authority(), "cache.example.org:8443");
  EXPECT_EQ(url.shown(), "https://cache.example.org:8443/a%2Fb/c");
}

TEST(UrlTest, PrintsWhatItRead) {
  for (const auto* text :
       {"http://h", "http://h/", "http://h?", "http://h/?a=b&c", "http://[::1]:80/x",
        "s3://bucket?region=eu-west-1&endpoint=localhost", "file:///nix/store", "http://u@h/",
        "http://u:@h/", "http://:p@h/", "http://h/%2F..//a;b=c,d@:!$&'()*+"}) {
    EXPECT_EQ(Url::parse(text).to_string(), text);
  }
}

TEST(UrlTest, KnowsPortsOfSchemes) {
  EXPECT_EQ(Url::parse("http://h").effective_port(), 80);
  EXPECT_EQ(Url::parse("https://h").effective_port(), 443);
  EXPECT_EQ(Url::parse("https://h:443").authority(), "h");
  EXPECT_EQ(Url::parse("https://h:80").authority(), "h:80");
  EXPECT_EQ(Url::parse("https://[FE80::1]:8").authority(), "[fe80::1]:8");
  EXPECT_TRUE(Url::parse("https://h:443/a").same_origin(Url::parse("https://H/b")));
  EXPECT_FALSE(Url::parse("https://h/").same_origin(Url::parse("http://h/")));
  EXPECT_FALSE(Url::parse("https://h/").same_origin(Url::parse("https://h:444/")));
}

TEST(UrlTest, RefusesWhatIsNotStrict) {
  for (const auto* text : {"",
                           "h",
                           "//h",
                           "://h",
                           "1http://h",
                           "http:/h",
                           "http://",
                           "http:///a",
                           "http://h:",
                           "http://h:0",
                           "http://h:65536",
                           "http://h:8x",
                           "http://h/a b",
                           "http://h/%",
                           "http://h/%2",
                           "http://h/%zz",
                           "http://h/\x01",
                           "http://h/\xc3\xa4",
                           "http://h/#a",
                           "http://h?a#b",
                           "http://a b/",
                           "http://h\\x/",
                           "http://[::1",
                           "http://[x]/",
                           "http://[::1]x/",
                           "http://[1.2.3.4]/",
                           "http://a@b@c/",
                           "http://h%41/",
                           "http://h/\"",
                           "http://h/?[",
                           "http://h/\n"}) {
    EXPECT_THROW(Url::parse(text), InvalidError) << text;
  }
  EXPECT_THROW(Url::parse("http://h/" + std::string(Url::kMaxLength, 'a')), InvalidError);
}

TEST(UrlTest, BuildsPathsAndQueries) {
  const auto url = Url::parse("https://h/base");
  EXPECT_EQ(url.append_path("a b/c+d=%.txt").to_string(), "https://h/base/a%20b/c%2Bd%3D%25.txt");
  EXPECT_EQ(Url::parse("https://h").append_path("x").to_string(), "https://h/x");
  EXPECT_EQ(Url::parse("https://h/").append_path("x").to_string(), "https://h/x");
  EXPECT_EQ(url.add_query("prefix", "a/b c&d").to_string(), "https://h/base?prefix=a%2Fb%20c%26d");
  EXPECT_EQ(url.add_query("a", "1").add_query("b", "").to_string(), "https://h/base?a=1&b=");
  EXPECT_EQ(url.with_query({{"uploads", std::nullopt}}).to_string(), "https://h/base?uploads");
  EXPECT_EQ(Url::parse("http://u:p@h/x").without_user_info().to_string(), "http://h/x");
  EXPECT_THROW(url.with_path("x"), InvalidError);
  EXPECT_THROW(url.with_path("/a b"), InvalidError);
}

TEST(UrlTest, ResolvesReferences) {
  // Of RFC 3986 §5.4, without those that only keep a fragment.
  const auto base = Url::parse("http://a/b/c/d;p?q");
  const std::pair<const char*, const char*> cases[] = {{"g", "http://a/b/c/g"},
                                                       {"./g", "http://a/b/c/g"},
                                                       {"g/", "http://a/b/c/g/"},
                                                       {"/g", "http://a/g"},
                                                       {"//g", "http://g"},
                                                       {"?y", "http://a/b/c/d;p?y"},
                                                       {"g?y", "http://a/b/c/g?y"},
                                                       {"g?y#s", "http://a/b/c/g?y"},
                                                       {";x", "http://a/b/c/;x"},
                                                       {"", "http://a/b/c/d;p?q"},
                                                       {".", "http://a/b/c/"},
                                                       {"./", "http://a/b/c/"},
                                                       {"..", "http://a/b/"},
                                                       {"../g", "http://a/b/g"},
                                                       {"../..", "http://a/"},
                                                       {"../../../g", "http://a/g"},
                                                       {"/./g", "http://a/g"},
                                                       {"g.", "http://a/b/c/g."},
                                                       {"./../g", "http://a/b/g"},
                                                       {"g/../h", "http://a/b/c/h"},
                                                       {"https://x/y", "https://x/y"},
                                                       {"a b\xc3\xa4", "http://a/b/c/a%20b%C3%A4"},
                                                       {"g?y/../x", "http://a/b/c/g?y/../x"},
                                                       {"%2f%zz", "http://a/b/c/%2f%25zz"}};
  for (const auto& [reference, meant] : cases) {
    EXPECT_EQ(base.resolve(reference).to_string(), meant) << reference;
  }
  EXPECT_THROW(base.resolve("http://"), InvalidError);
}

TEST(UrlTest, DecodesOnlyWholeEscapes) {
  EXPECT_EQ(percent_decode("a%20b%C3%a4+"), "a b\xc3\xa4+");
  EXPECT_EQ(percent_decode("%"), std::nullopt);
  EXPECT_EQ(percent_decode("%2"), std::nullopt);
  EXPECT_EQ(percent_decode("%2g"), std::nullopt);
  EXPECT_EQ(percent_encode(std::string_view("\0/~", 3), "/"), "%00/~");
}

}  // namespace
}  // namespace grange
