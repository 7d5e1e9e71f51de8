#include "pages/chart_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

TEST(ChartViewTest, IsItsDataAsAText) {
  const auto view = chart_view({"Duration", "seconds", {{"All", {1.5, std::nullopt, 2}}}},
                               {10, 20, 30}, {"/eval/1", "/eval/2", "/eval/3"});
  EXPECT_EQ(view["title"], "Duration");
  const auto data = ApiJson::parse(view["data"].get<std::string>());
  EXPECT_EQ(data["kind"], "seconds");
  EXPECT_EQ(data["times"], ApiJson({10.0, 20.0, 30.0}));
  EXPECT_EQ(data["lines"][0]["values"], ApiJson({1.5, nullptr, 2.0}));
  EXPECT_EQ(data["pages"][1], "/eval/2");
}

TEST(ChartViewTest, OneValueIsNoLine) {
  EXPECT_TRUE(chart_view({"Size", "bytes", {{"", {1, std::nullopt}}}}, {1, 2}, {"", ""}).is_null());
  EXPECT_TRUE(chart_view({"Size", "bytes", {}}, {}, {}).is_null());
}

TEST(ChartViewTest, TimesAreSecondsSince1970) {
  EXPECT_EQ(chart_time("1970-01-01T00:01:00.500000Z"), 60.5);
  EXPECT_EQ(chart_time(nullptr), 0);
}

}  // namespace
}  // namespace grange
