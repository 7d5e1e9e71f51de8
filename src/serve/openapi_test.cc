#include "serve/openapi.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/api_json.h"
#include "serve/openapi_names.h"
#include "serve/page_request.h"
#include "serve/problem.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Calls `take` with every object of a JSON value.
template <typename Take>
void walk_objects(const shape::Json& value, Take&& take) {
  if (value.is_object()) take(value);
  if (!value.is_structured()) return;
  for (const auto& part : value) walk_objects(part, take);
}

TEST(ApiDescription, RefersOnlyToWhatItHas) {
  const auto document = ApiDescription::of_all().document();
  EXPECT_EQ(document["openapi"], "3.1.0");
  int refs = 0;
  walk_objects(document, [&](const shape::Json& object) {
    const auto ref = object.find("$ref");
    if (ref == object.end()) return;
    ++refs;
    const auto text = ref->get<std::string>();
    ASSERT_TRUE(text.starts_with("#/")) << text;
    EXPECT_TRUE(document.contains(shape::Json::json_pointer(text.substr(1)))) << text;
  });
  EXPECT_GT(refs, 100);
}

TEST(ApiDescription, EveryOperationSaysWhatItIs) {
  const auto api = ApiDescription::of_all();
  std::set<std::string> ids;
  std::set<std::string> places;
  for (const auto& operation : api.operations()) {
    const auto json = operation.json();
    const auto place = std::string(to_string(operation.method())) + " " + operation.pattern();
    EXPECT_TRUE(places.insert(place).second) << place;
    EXPECT_TRUE(ids.insert(json["operationId"]).second) << json["operationId"];
    EXPECT_FALSE(json["summary"].get<std::string>().empty()) << place;
    EXPECT_TRUE(json["responses"].contains("default")) << place;
    EXPECT_TRUE(ApiDescription::describes(operation.pattern())) << place;
    bool is_good = false;
    for (const auto& [status, response] : json["responses"].items()) {
      is_good = is_good || status.starts_with('2');
    }
    EXPECT_TRUE(is_good) << place;
  }
}

TEST(ApiDescription, ObjectsHaveNoOtherFields) {
  const auto document = ApiDescription::of_all().document();
  walk_objects(document["components"]["schemas"], [](const shape::Json& object) {
    if (object.contains("properties") && object["properties"].is_object() &&
        object.contains("type") && object["type"] == "object") {
      EXPECT_TRUE(object.contains("additionalProperties")) << object.dump();
    }
  });
}

TEST(ApiDescription, ListsAreReadPageByPage) {
  const auto api = ApiDescription::of_all();
  for (const auto& operation : api.operations()) {
    const auto json = operation.json();
    if (!json["operationId"].get<std::string>().starts_with("list")) continue;
    EXPECT_TRUE(operation.has_parameter("limit")) << operation.pattern();
    EXPECT_TRUE(operation.has_parameter("before") || operation.has_parameter("after"))
        << operation.pattern();
    const auto& page = json["responses"]["200"]["content"]["application/json"]["schema"];
    EXPECT_TRUE(page["properties"].contains("next")) << operation.pattern();
  }
}

TEST(ApiDescription, SaysWhatIsNeededByTheRulesThemselves) {
  const auto api = ApiDescription::of_all();
  const auto json = api.find(RequestMethod::post, "/api/v1/builds/{id}/restart")->json();
  const auto& needs = json["x-grange-needs"];
  EXPECT_EQ(needs["roles"], shape::Json({"admin", "restart-jobs"}));
  EXPECT_EQ(needs["scope"], "restart-jobs");
  EXPECT_EQ(needs["projectOwner"], true);
  EXPECT_EQ(json["security"][0]["token"], shape::Json({"restart-jobs"}));
}

TEST(ApiDescription, IsHeldToTheRouterBothWays) {
  Router router;
  router.add(RequestMethod::get, "/api/v1/surprise", {});
  router.add(RequestMethod::get, "/health", {});
  router.add(RequestMethod::get, "/build/{id}", {});
  ApiDescription api;
  api.add(RequestMethod::get, "/health", "getHealth", "farm", "x");
  api.add(RequestMethod::put, "/health", "putHealth", "farm", "x");
  EXPECT_THAT(api.differences(router),
              ElementsAre(HasSubstr("GET /api/v1/surprise has no description"),
                          HasSubstr("PUT /health is described, but")));
}

TEST(Names, AreAllThatThereAre) {
  EXPECT_EQ(outcome_names().front(), "good");
  EXPECT_EQ(outcome_names().back(), "cancelled");
  for (const auto name : outcome_names()) EXPECT_NE(name, "");
  EXPECT_EQ(verdict_names().back(), "removed");
}

TEST(PageRequest, GoesOnBehindTheLastOne) {
  const auto target = RequestTarget::parse("/api/v1/x?limit=2&after=b&q=%26%20");
  EXPECT_EQ(next_link(target, "after", "c d"), "/api/v1/x?limit=2&q=%26%20&after=c%20d");
  const std::vector<std::string> rows{"a", "b", "c", "d", "e"};
  const auto page = [&](const char* text) {
    return page_of_whole<shape::Json>(
        RequestTarget::parse(text), "rows", rows, 2, [](const auto& row) { return row; },
        [](const auto& row) { return row; });
  };
  EXPECT_EQ(page("/x")["rows"], shape::Json({"a", "b"}));
  EXPECT_EQ(page("/x")["next"], "/x?after=b");
  EXPECT_EQ(page("/x?after=b")["next"], "/x?after=d");
  EXPECT_EQ(page("/x?after=c")["rows"], shape::Json({"d", "e"}));
  EXPECT_TRUE(page("/x?after=c")["next"].is_null());
  EXPECT_THAT(page("/x?after=e")["rows"], IsEmpty());
}

TEST(PageRequest, RefusesWhatIsMalformed) {
  const auto target = RequestTarget::parse("/x?limit=0&id=one&flag=maybe&since=yesterday");
  EXPECT_THROW(page_limit(target, 10, 100), InvalidFieldsError);
  EXPECT_THROW(integer_parameter(target, "id"), InvalidFieldsError);
  EXPECT_THROW(flag_parameter(target, "flag"), InvalidFieldsError);
  EXPECT_THROW(time_parameter(target, "since"), InvalidFieldsError);
  EXPECT_EQ(page_limit(RequestTarget::parse("/x"), 10, 100), 10U);
}

TEST(ApiTime, IsReadAsItIsWritten) {
  const auto time = parse_api_time("2026-01-31T12:00:00.250000Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(api_time(*time), "2026-01-31T12:00:00.250000Z");
  EXPECT_EQ(parse_api_time("2026-01-31T13:30:00.25+01:30"), time);
  EXPECT_EQ(parse_api_time("2026-01-31T11:00:00.25-01:00"), time);
  for (const auto* wrong :
       {"", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+0100"}) {
    EXPECT_FALSE(parse_api_time(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace grange
