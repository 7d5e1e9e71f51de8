#include "base/encoding.h"

#include <random>

#include <gtest/gtest.h>

namespace grange {
namespace {

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(EncodingTest, Base16) {
  EXPECT_EQ(base16_encode(bytes_of(std::string_view("\x00\x7f\xff", 3))), "007fff");
  EXPECT_EQ(base16_decode("00AbfF"), (Bytes{0x00, 0xab, 0xff}));
  EXPECT_EQ(base16_decode(""), Bytes{});
  EXPECT_EQ(base16_decode("0"), std::nullopt);
  EXPECT_EQ(base16_decode("0g"), std::nullopt);
}

TEST(EncodingTest, Base64) {
  EXPECT_EQ(base64_encode(bytes_of("")), "");
  EXPECT_EQ(base64_encode(bytes_of("f")), "Zg==");
  EXPECT_EQ(base64_encode(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(base64_encode(bytes_of("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_decode("Zm9vYg=="), bytes_of("foob"));
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "=Zg=", "Z g=", "Zg\n=", "Zm9-"}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(EncodingTest, Nix32RefusesForeignDigitsAndOverflow) {
  EXPECT_EQ(nix32_encode(bytes_of("")), "");
  EXPECT_EQ(nix32_encode(Bytes{0xff}), "7z");
  EXPECT_EQ(nix32_decode("7z"), Bytes{0xff});
  EXPECT_EQ(nix32_decode("8z"), std::nullopt);  // a bit beyond the last byte
  EXPECT_EQ(nix32_decode("e0"), std::nullopt);
  EXPECT_EQ(nix32_decode("A0"), std::nullopt);
  EXPECT_EQ(nix32_decode("0"), std::nullopt);    // no number of bytes has one digit
  EXPECT_EQ(nix32_decode("000"), std::nullopt);  // nor three
  EXPECT_TRUE(is_nix32('z'));
  EXPECT_FALSE(is_nix32('u'));
  EXPECT_FALSE(is_nix32('\xff'));
}

TEST(EncodingTest, EveryEncodingDecodesItself) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    EXPECT_EQ(base16_decode(base16_encode(bytes)), bytes);
    EXPECT_EQ(nix32_encode(bytes).size(), nix32_length(size));
    EXPECT_EQ(nix32_decode(nix32_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

}  // namespace
}  // namespace grange
