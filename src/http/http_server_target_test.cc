#include "http/http_server_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "http/http_server_fields.h"

namespace grange {
namespace {

TEST(RequestTargetTest, DecodesThePathAndTheQuery) {
  const auto target = RequestTarget::parse("/nar/x%20y%2b?a=1&b&c=%26+%3D&a=2");
  EXPECT_EQ(target.path, "/nar/x y+");
  EXPECT_EQ(target.query, "a=1&b&c=%26+%3D&a=2");
  EXPECT_THAT(target.parameters,
              testing::ElementsAre(testing::Pair("a", "1"), testing::Pair("b", ""),
                                   testing::Pair("c", "& ="), testing::Pair("a", "2")));
  EXPECT_EQ(*target.parameter("a"), "1");
  EXPECT_EQ(target.parameter("d"), nullptr);
  EXPECT_EQ(RequestTarget::parse("/a+b").path, "/a+b");
}

TEST(RequestTargetTest, TakesTheFormsOfProxiesAndOptions) {
  EXPECT_EQ(RequestTarget::parse("http://host:80/a?b").path, "/a");
  EXPECT_EQ(RequestTarget::parse("HTTPS://host").path, "/");
  EXPECT_EQ(RequestTarget::parse("http://host?b=1").path, "/");
  EXPECT_EQ(RequestTarget::parse("*").path, "*");
}

TEST(RequestTargetTest, RefusesWhatLeadsElsewhere) {
  for (const char* text : {"", "a", "/..", "/a/../b", "/a/%2e%2E/b", "/a%2f..%2fb", "/.", "/a%00",
                           "/%", "/%4", "/%zz", "/a?%", "/a?b=%00", "ftp://host/a", "../a"}) {
    EXPECT_THROW(RequestTarget::parse(text), InvalidError) << text;
  }
  EXPECT_THROW(RequestTarget::parse("/" + std::string(RequestTarget::kMaximumLength, 'a')),
               InvalidError);
  std::string many = "/?";
  for (int i = 0; i < 300; ++i) many += "a&";
  EXPECT_THROW(RequestTarget::parse(many), InvalidError);
  EXPECT_EQ(RequestTarget::parse("/...").path, "/...");
}

TEST(HeaderFieldsTest, AreFoundWhateverTheirCase) {
  HeaderFields fields;
  fields.add("Accept", "a");
  fields.add("ACCEPT", "b");
  EXPECT_EQ(fields.get("accept"), "a");
  EXPECT_EQ(fields.list("accept"), "a, b");
  EXPECT_EQ(fields.count("Accept"), 2U);
  fields.set("accept", "c");
  EXPECT_EQ(fields.list("Accept"), "c");
  EXPECT_EQ(fields.find("other"), nullptr);
}

TEST(HeaderFieldsTest, CannotBreakOutOfTheirLine) {
  HeaderFields fields;
  EXPECT_THROW(fields.add("A", "b\r\nC: d"), InvalidError);
  EXPECT_THROW(fields.add("A", std::string_view("b\0c", 3)), InvalidError);
  EXPECT_THROW(fields.add("A b", "c"), InvalidError);
  EXPECT_THROW(fields.add("A:", "c"), InvalidError);
  EXPECT_THROW(fields.add("", "c"), InvalidError);
  EXPECT_THROW(fields.add(std::string_view("\0", 1), "c"), InvalidError);
}

}  // namespace
}  // namespace grange
