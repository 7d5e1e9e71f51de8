#include "derivation/json_value.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/json_object_reader.h"

namespace grange {
namespace {

TEST(JsonValue, ReadsEveryKind) {
  const std::string text = R"( {"a" : [1, -2.5e+3, 0, true, false, null, "x"], "b": {}, "c": []} )";
  const auto value = JsonValue::parse(text);
  EXPECT_EQ(value.offset(), 1U);
  const auto& items = value.find("a")->as_array("a");
  ASSERT_EQ(items.size(), 7U);
  EXPECT_EQ(items[1].source(text), "-2.5e+3");
  EXPECT_TRUE(items[3].as_boolean("d"));
  EXPECT_EQ(items[5].kind(), JsonValue::Kind::null);
  EXPECT_EQ(items[6].as_string("e"), "x");
  EXPECT_TRUE(value.find("b")->as_object("b").empty());
  EXPECT_EQ(value.find("d"), nullptr);
  EXPECT_THROW(value.as_array("it"), InvalidError);
}

TEST(JsonValue, Strings) {
  EXPECT_EQ(JsonValue::parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")").as_string(""),
            "\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001f600");
  EXPECT_EQ(JsonValue::parse("\"\xff\x7f\"").as_string(""), "\xff\x7f");
}

TEST(JsonValue, RefusesWithTheOffset) {
  const auto refused = [](const std::string& text, std::size_t offset) {
    try {
      JsonValue::parse(text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const InvalidError& error) {
      EXPECT_TRUE(error.message().starts_with("offset " + std::to_string(offset) + ": "))
          << text << ": " << error.message();
    }
  };
  refused("", 0);
  refused("  ", 2);
  refused("1 2", 2);
  refused("[1,]", 3);
  refused("[1 2]", 3);
  refused("{\"a\":1,}", 7);
  refused("{a:1}", 1);
  refused(R"({"a":1,"a":2})", 7);
  refused(R"({"a" 1})", 5);
  refused("tru", 0);
  refused("+1", 0);
  refused("01", 1);
  refused("1.", 0);
  refused("1e", 0);
  refused("-", 0);
  refused("\"a", 0);
  refused("\"a\nb\"", 2);
  refused(R"("\x")", 2);
  refused(R"("\u12")", 5);
  refused(R"("\ud83d")", 2);
  refused(R"("\ud83dx")", 2);
  refused(R"("\ude00")", 2);
  refused(std::string(200, '['), kMaxJsonDepth + 1);
}

TEST(JsonObjectReader, WantsExactlyItsKeys) {
  const auto value = JsonValue::parse(R"({"a":1,"b":2})");
  JsonObjectReader reader(value, "it");
  EXPECT_NE(reader.take_optional("a"), nullptr);
  EXPECT_EQ(reader.take_optional("c"), nullptr);
  EXPECT_THROW(reader.take("c"), InvalidError);
  EXPECT_THROW(reader.finish(), InvalidError);
  reader.take("b");
  EXPECT_NO_THROW(reader.finish());
  EXPECT_THROW(JsonObjectReader(JsonValue::parse("[]"), "it"), InvalidError);
}

}  // namespace
}  // namespace grange
