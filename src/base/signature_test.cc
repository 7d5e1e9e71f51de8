#include "base/signature.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(Signature, AKeyPairSignsAndVerifies) {
  const auto key = SecretKey::generate("cache.example-1");
  const auto again = SecretKey::parse("\n " + key.to_string() + "\n");
  EXPECT_EQ(again.to_string(), key.to_string());
  EXPECT_EQ(again.public_key().to_string(), key.public_key().to_string());
  const auto text = key.sign("message");
  EXPECT_EQ(text, again.sign("message"));
  EXPECT_TRUE(text.starts_with("cache.example-1:"));
  const auto signature = Signature::parse(text);
  EXPECT_EQ(signature.to_string(), text);
  EXPECT_TRUE(key.public_key().verify("message", signature));
  EXPECT_FALSE(key.public_key().verify("massage", signature));
  EXPECT_NE(SecretKey::generate("a").to_string(), SecretKey::generate("a").to_string());
}

/// RFC 8032, 7.1, the second test: a message of one byte.
TEST(Signature, AgreesWithThePublishedVector) {
  const auto key = SecretKey::parse(
      "rfc:TM0Imyj/"
      "ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs9QBfD6EOJWpK3CqdNG368nJgszy7ElozAzVXxKvRmDA==");
  EXPECT_EQ(key.public_key().to_string(), "rfc:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=");
  EXPECT_EQ(key.sign("\x72"),
            "rfc:kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+"
            "vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==");
}

TEST(Signature, TrustGoesByNameAndKey) {
  const auto good = SecretKey::generate("good");
  const auto other = SecretKey::generate("other");
  const auto impostor = SecretKey::generate("good");
  TrustedKeys trusted;
  EXPECT_TRUE(trusted.empty());
  EXPECT_FALSE(trusted.accepts("m", {good.sign("m")}));
  trusted.add(good.public_key());
  EXPECT_TRUE(trusted.accepts("m", {good.sign("m")}));
  EXPECT_TRUE(trusted.accepts("m", {"junk", other.sign("m"), good.sign("m")}));
  EXPECT_FALSE(trusted.accepts("m", {good.sign("n")}));
  EXPECT_FALSE(trusted.accepts("m", {other.sign("m"), impostor.sign("m"), ""}));
  EXPECT_FALSE(trusted.accepts("m", {}));
  trusted.add(impostor.public_key());  // a key that was replaced by another of its name
  EXPECT_TRUE(trusted.accepts("m", {impostor.sign("m")}));
  EXPECT_TRUE(trusted.accepts("m", {good.sign("m")}));
}

TEST(Signature, RefusesWhatIsNone) {
  const auto key = SecretKey::generate("k");
  for (const std::string& text :
       {std::string(), std::string("k"), std::string("k:"), std::string(":AAAA"),
        std::string("k:AAAA"), std::string("k:!"), "k k" + key.to_string().substr(1),
        key.to_string() + "AAAA", key.public_key().to_string()}) {
    EXPECT_THROW(SecretKey::parse(text), InvalidError) << text;
  }
  EXPECT_THROW(PublicKey::parse(key.to_string()), InvalidError);
  EXPECT_THROW(Signature::parse("k:AAAA"), InvalidError);
  for (const char* name : {"", "a b", "a:b", "a\n"}) {
    EXPECT_THROW(SecretKey::generate(name), InvalidError);
  }
}

TEST(Signature, ErrorsDoNotShowSecrets) {
  const auto text = SecretKey::generate("k").to_string();
  try {
    SecretKey::parse(text.substr(0, text.size() - 4));
    FAIL();
  } catch (const InvalidError& error) {
    EXPECT_EQ(std::string(error.what()).find(text.substr(10, 20)), std::string::npos);
  }
}

}  // namespace
}  // namespace grange
