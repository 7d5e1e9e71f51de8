#include "command/farm_settings.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

std::string settings_refusal(const std::string& text) {
  try {
    parse_jobset_body("main", text);
  } catch (const InvalidError& error) {
    return error.message();
  }
  ADD_FAILURE() << "accepted";
  return {};
}

TEST(FarmSettings, ArgumentsBecomeWhatTheApiTakes) {
  Json body{{"expressionInput", "src"}, {"expressionPath", "default.nix"}};
  add_input_argument(body, "src=git:https://example.org/hello main");
  add_input_argument(body, "note=string:a=b:c");
  const auto settings = parse_jobset_body("main", body.dump());
  EXPECT_EQ(settings.name, "main");
  EXPECT_EQ(settings.inputs.at("src").type, "git");
  EXPECT_EQ(settings.inputs.at("src").value, "https://example.org/hello main");
  EXPECT_EQ(settings.inputs.at("note").value, "a=b:c");
  EXPECT_EQ(parse_jobset_body("main", jobset_body(settings).dump()), settings);
}

TEST(FarmSettings, MalformedInputsAreRefused) {
  Json body;
  for (const auto* text : {"", "src", "src=git", "=git:x", "git:src=x"}) {
    EXPECT_THROW(add_input_argument(body, text), InvalidError) << text;
  }
}

TEST(FarmSettings, AllThatIsWrongIsSaidAtOnce) {
  const auto said = settings_refusal(R"({"shares": "many", "state": "asleep", "colour": "red"})");
  EXPECT_NE(said.find("\n  shares: "), said.npos) << said;
  EXPECT_NE(said.find("\n  state: "), said.npos) << said;
  EXPECT_NE(said.find("\n  colour: "), said.npos) << said;
}

TEST(FarmSettings, ProjectsAreHeldToTheSameRules) {
  EXPECT_THROW(parse_project_body("0 bad", "{}"), InvalidError);
  const auto body = parse_project_body("hello", R"({"owner": "alice", "members": ["bob"]})");
  EXPECT_EQ(body.settings.display_name, "hello");
  EXPECT_EQ(body.settings.owner, "alice");
  EXPECT_EQ(body.members, std::vector<std::string>{"bob"});
}

}  // namespace
}  // namespace grange
