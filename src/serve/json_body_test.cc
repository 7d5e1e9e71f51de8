#include "serve/json_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

/// What is said of fields, or nothing.
InvalidFieldsError::Fields field_errors(std::string_view text,
                                        const std::function<void(JsonFields&)>& take) {
  const auto body = parse_json_body(text);
  FieldErrors errors;
  JsonFields fields(body, errors);
  take(fields);
  fields.end();
  try {
    errors.check();
  } catch (const InvalidFieldsError& error) {
    return error.fields();
  }
  return {};
}

std::string body_refusal(std::string_view text, const JsonLimits& limits = {}) {
  try {
    parse_json_body(text, limits);
  } catch (const InvalidError& error) {
    return error.message();
  }
  return "";
}

TEST(JsonBody, OnlyObjectsAreTaken) {
  EXPECT_EQ(body_refusal("{}"), "");
  EXPECT_EQ(body_refusal(" {\"a\": [1, null, {\"b\": \"\xc3\xa9\"}]}\n"), "");
  EXPECT_THAT(body_refusal(""), HasSubstr("got an empty body"));
  EXPECT_THAT(body_refusal(" \n"), HasSubstr("got an empty body"));
  EXPECT_THAT(body_refusal("[]"), HasSubstr("got an array"));
  EXPECT_THAT(body_refusal("null"), HasSubstr("got null"));
  EXPECT_THAT(body_refusal("\"x\""), HasSubstr("got a text"));
  for (const char* text :
       {"{", "{}}", "{\"a\"}", "{\"a\":1,}", "{'a':1}", "{\"a\":1e999}", "nul", "{\"a\":\"\xff\"}",
        "{\"\xff\":1}", "{\"a\":\"\\ud800\"}", "// x\n{}", "{\"a\":NaN}", "{\"a\":01}"}) {
    EXPECT_THAT(body_refusal(text), HasSubstr("the body is no JSON")) << text;
  }
}

TEST(JsonBody, LimitsAreHeld) {
  EXPECT_EQ(body_refusal("{\"a\":{}}", {.depth = 2}), "");
  EXPECT_THAT(body_refusal("{\"a\":{}}", {.depth = 1}), HasSubstr("more than 1 deep"));
  EXPECT_THAT(body_refusal("{\"a\":[]}", {.depth = 1}), HasSubstr("more than 1 deep"));
  EXPECT_THAT(body_refusal("{\"a\":" + std::string(100'000, '[')), HasSubstr("more than 16 deep"));
  EXPECT_THAT(body_refusal("{}", {.size = 1}), HasSubstr("2 bytes; the limit is 1"));
}

TEST(JsonBody, KeysAreNamedOnce) {
  EXPECT_THAT(body_refusal(R"({"a":1,"a":1})"), HasSubstr("'a' twice"));
  EXPECT_THAT(body_refusal(R"({"a":1,"\u0061":1})"), HasSubstr("'a' twice"));
  EXPECT_THAT(body_refusal(R"({"x":[{"a":1},{"b":{"c":1},"b":1}]})"), HasSubstr("'b' twice"));
  EXPECT_EQ(body_refusal(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "");
}

TEST(JsonBody, NoTextHasANul) {
  EXPECT_THAT(body_refusal(R"({"a":"x\u0000y"})"), HasSubstr("NUL"));
  EXPECT_THAT(body_refusal(R"({"a\u0000":1})"), HasSubstr("NUL"));
  EXPECT_THAT(body_refusal(R"({"a":[["\u0000"]]})"), HasSubstr("NUL"));
}

TEST(JsonFieldsTest, ValuesAreTaken) {
  const auto errors = field_errors(
      R"({"t":"x","n":-3,"f":true,"l":["a","b"],"one":1,"zero":0,"none":null,"skip":[]})",
      [](JsonFields& fields) {
        EXPECT_EQ(fields.text("t"), "x");
        EXPECT_EQ(fields.integer("n", -10, 10), -3);
        EXPECT_TRUE(fields.flag("f"));
        EXPECT_THAT(fields.texts("l", 5), ElementsAre("a", "b"));
        EXPECT_EQ(fields.optional_loose_flag("one"), true);
        EXPECT_EQ(fields.optional_loose_flag("zero"), false);
        EXPECT_EQ(fields.optional_loose_flag("f"), true);
        EXPECT_TRUE(fields.has("none"));
        EXPECT_FALSE(fields.has("nothing"));
        EXPECT_FALSE(fields.optional_text("none"));
        EXPECT_FALSE(fields.optional_text("nothing"));
        EXPECT_FALSE(fields.optional_integer("nothing", 0, 1));
        EXPECT_FALSE(fields.optional_flag("nothing"));
        EXPECT_FALSE(fields.optional_texts("nothing", 1));
        fields.pass_over("skip");
      });
  EXPECT_THAT(errors, ElementsAre());
}

TEST(JsonFieldsTest, AllThatIsWrongIsToldAtOnce) {
  const auto errors = field_errors(
      R"({"t":1,"long":"abc","n":2.5,"big":18446744073709551615,"huge":1e30,"far":11,"f":1,
          "l":"x","many":["a","b"],"mixed":["a",{}],"loose":2,"more":[]})",
      [](JsonFields& fields) {
        fields.text("t");
        fields.text("long", 2);
        fields.integer("n", 0, 10);
        fields.integer("big", 0, 10);
        fields.integer("huge", 0, 10);
        fields.integer("far", 0, 10);
        fields.flag("f");
        fields.texts("l", 1);
        fields.texts("many", 1);
        fields.texts("mixed", 2);
        fields.optional_loose_flag("loose");
        fields.text("gone");
      });
  EXPECT_THAT(
      errors,
      UnorderedElementsAre(
          Pair("t", "specified a text, got the number 1"),
          Pair("long", "specified at most 2 bytes, got 3"),
          Pair("n", "specified an integer from 0 to 10, got the number 2.5"),
          Pair("big", "specified an integer from 0 to 10, got the number 18446744073709551615"),
          Pair("huge", "specified an integer from 0 to 10, got the number 1e+30"),
          Pair("far", "specified an integer from 0 to 10, got the number 11"),
          Pair("f", "specified true or false, got the number 1"),
          Pair("l", "specified an array of texts, got a text"),
          Pair("many", "specified at most 1, got 2"),
          Pair("mixed", "specified an array of texts, got an object"),
          Pair("loose", "specified true or false, got the number 2"),
          Pair("more", "there is no field of this name"),
          Pair("gone", "this is specified, got nothing")));
}

TEST(JsonFieldsTest, ObjectsWithinAreTaken) {
  std::vector<std::string> seen;
  const auto errors = field_errors(
      R"({"a":{"x":1,"y":2},"in":{"n":{"type":"git"},"m":{"type":3},"o":4},"b":5})",
      [&](JsonFields& fields) {
        EXPECT_TRUE(fields.optional_object("a", [](JsonFields& a) { a.integer("x", 0, 9); }));
        EXPECT_TRUE(
            fields.optional_objects("in", 10, [&](const std::string& key, JsonFields& input) {
              seen.push_back(key + "=" + input.text("type"));
            }));
        EXPECT_FALSE(fields.optional_object("b", [](JsonFields&) { FAIL(); }));
        EXPECT_FALSE(fields.optional_object("gone", [](JsonFields&) { FAIL(); }));
      });
  EXPECT_THAT(seen, UnorderedElementsAre("n=git", "m="));
  EXPECT_THAT(errors, UnorderedElementsAre(Pair("a.y", "there is no field of this name"),
                                           Pair("in.m.type", "specified a text, got the number 3"),
                                           Pair("in.o", "specified an object, got the number 4"),
                                           Pair("b", "specified an object, got the number 5")));
}

TEST(JsonFieldsTest, ErrorsAreBounded) {
  nlohmann::json many = nlohmann::json::object();
  for (int i = 0; i < 1000; ++i) many["x" + std::to_string(i)] = i;
  EXPECT_EQ(field_errors(many.dump(), [](JsonFields&) {}).size(), 100u);
  const auto long_name =
      field_errors("{\"" + std::string(10'000, 'x') + "\":1}", [](JsonFields&) {});
  ASSERT_EQ(long_name.size(), 1u);
  EXPECT_LE(long_name.begin()->first.size(), 100u);
}

}  // namespace
}  // namespace grange
