#include "daemon/cache_tokens.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/error.h"

namespace grange {
namespace {

std::string basic(std::string_view pair) {
  return "Basic " + base64_encode(as_bytes(pair));
}

TEST(UploadTokensTest, TakesEachOfItsTokens) {
  const auto tokens = UploadTokens::parse("# ours\nfirst\n\n  second \n");
  EXPECT_TRUE(tokens.accept("Bearer first"));
  EXPECT_TRUE(tokens.accept("bearer second"));
  EXPECT_TRUE(tokens.accept(basic("anybody:first")));
  EXPECT_TRUE(tokens.accept(basic(":second")));
}

TEST(UploadTokensTest, TakesNothingElse) {
  const auto tokens = UploadTokens::parse("first\na:b\n");
  for (const std::string& field :
       {std::string(), std::string("first"), std::string("Bearer"), std::string("Bearer "),
        std::string("Bearer # ours"), std::string("Bearer second"), std::string("Bearer First"),
        std::string("Digest first"), std::string("Basic first"), std::string("Basic !!"),
        basic("first"), basic("first:"), basic("x:y:first"), basic("a:b")}) {
    EXPECT_FALSE(tokens.accept(field)) << field;
  }
  EXPECT_TRUE(tokens.accept(basic("u:a:b")));
}

TEST(UploadTokensTest, RefusesFilesThatHoldNone) {
  EXPECT_THROW(UploadTokens::parse(""), InvalidError);
  EXPECT_THROW(UploadTokens::parse("# nothing\n\n"), InvalidError);
  try {
    UploadTokens::parse("secret two\n");
    FAIL();
  } catch (const InvalidError& error) {
    EXPECT_EQ(error.message().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace grange
