#include "http/netrc.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(NetrcTest, FindsHosts) {
  const auto netrc = Netrc::parse(
      "# a comment\n"
      "machine one.example login me password s#cret account x\n"
      "machine two.example\n\tlogin \"a b\"\n  # another\n\tpassword \"q\\\"\\\\\"\n"
      "macdef init\ncd /x\nmachine no\n\n"
      "default login anonymous password guest");
  ASSERT_EQ(netrc.entries().size(), 3U);
  EXPECT_EQ(netrc.find("ONE.example")->password, "s#cret");
  EXPECT_EQ(netrc.find("two.example")->login, "a b");
  EXPECT_EQ(netrc.find("two.example")->password, "q\"\\");
  EXPECT_EQ(netrc.find("three.example")->login, "anonymous");
  EXPECT_EQ(netrc.find_named("three.example"), nullptr);
}

TEST(NetrcTest, HasNothingWhereThereIsNothing) {
  EXPECT_EQ(Netrc().find("a"), nullptr);
  EXPECT_EQ(Netrc::parse(" \n#only this").find("a"), nullptr);
}

TEST(NetrcTest, RefusesWhatItDoesNotKnow) {
  for (const auto* text : {"login x", "machine", "machine a login", "machine a secret s",
                           "machine a password \"x", "machine \"\" login a"}) {
    EXPECT_THROW(Netrc::parse(text), InvalidError) << text;
  }
}

}  // namespace
}  // namespace grange
