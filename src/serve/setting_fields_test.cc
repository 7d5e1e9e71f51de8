#include "serve/setting_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;

/// What is wrong with a jobset, by field.
InvalidFieldsError::Fields jobset_problems(const nlohmann::json& body,
                                           FieldSpelling spelling = FieldSpelling::api) {
  FieldErrors errors;
  JsonFields fields(body, errors, {}, spelling);
  take_jobset(fields, "j");
  fields.end();
  try {
    errors.check();
  } catch (const InvalidFieldsError& error) {
    return error.fields();
  }
  return {};
}

TEST(SettingFields, AreThoseOfTheSettings) {
  const nlohmann::json body = {{"state", "one-at-a-time"},
                               {"expressionInput", "src"},
                               {"checkInterval", 5},
                               {"inputs", {{"src", {{"type", "path"}, {"value", "/x"}}}}}};
  FieldErrors errors;
  JsonFields fields(body, errors);
  const auto settings = take_jobset(fields, "j");
  EXPECT_EQ(settings.name, "j");
  EXPECT_EQ(settings.state, JobsetState::one_at_a_time);
  EXPECT_EQ(settings.check_interval, 5);
  EXPECT_EQ(settings.keep, JobsetSettings().keep);
  EXPECT_EQ(settings.inputs.at("src").value, "/x");
}

TEST(SettingFields, AreRefusedByName) {
  EXPECT_THAT(jobset_problems({{"state", "maybe"},
                               {"shares", 0},
                               {"check_interval", 5},
                               {"inputs", {{"src", {{"type", 7}, {"value", "/x"}, {"more", 1}}}}}}),
              ElementsAre(Pair("check_interval", StartsWith("there is no field")),
                          Pair("inputs.src.more", StartsWith("there is no field")),
                          Pair("inputs.src.type", StartsWith("specified a text")),
                          Pair("shares", StartsWith("specified an integer")),
                          Pair("state", StartsWith("specified off, on"))));
}

TEST(SettingFields, FilesSpellThemWithUnderscores) {
  EXPECT_EQ(spelled_field("checkInterval", FieldSpelling::underscores), "check_interval");
  EXPECT_EQ(spelled_field("inputs.fooBar", FieldSpelling::underscores), "inputs.fooBar");
  EXPECT_EQ(spelled_field("checkInterval", FieldSpelling::api), "checkInterval");
  EXPECT_THAT(jobset_problems({{"check_interval", -1}, {"expressionPath", "x"}},
                              FieldSpelling::underscores),
              ElementsAre(Pair("check_interval", StartsWith("specified an integer")),
                          Pair("expressionPath", StartsWith("there is no field"))));
}

}  // namespace
}  // namespace grange
